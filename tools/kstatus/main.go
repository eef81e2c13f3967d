// Command kstatus says what others make of the status of objects: the kstatus library, with which Flux and others
// decide, and an Argo CD health script. It reads a JSON array of objects from its input and writes a JSON array of
// verdicts in the same order. Its only argument is the path of the health script.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type verdict struct {
	Kstatus string `json:"kstatus"`
	ArgoCD  health `json:"argoCD"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "kstatus:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: kstatus HEALTH_SCRIPT < OBJECTS")
	}
	script, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	var objects []json.RawMessage
	if err := json.NewDecoder(os.Stdin).Decode(&objects); err != nil {
		return err
	}
	verdicts := make([]verdict, len(objects))
	for i, object := range objects {
		if verdicts[i], err = judge(object, string(script)); err != nil {
			return fmt.Errorf("object %d: %w", i, err)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(verdicts)
}

func judge(text json.RawMessage, script string) (verdict, error) {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(text); err != nil {
		return verdict{}, err
	}
	result, err := status.Compute(object)
	if err != nil {
		return verdict{}, err
	}
	argo, err := argoHealth(object.Object, script)
	return verdict{Kstatus: result.Status.String(), ArgoCD: argo}, err
}
