// Controlplane is a Kubernetes control plane without nodes, for demos, tests and benchmarks:
// the real etcd, kube-apiserver and kube-controller-manager, on loopback, in one binary, and kubectl to talk to it.
//
//	controlplane start --data DIR --port N    until SIGTERM; writes DIR/kubeconfig and prints "ready"
//	controlplane kubectl ...                  the real kubectl
//	controlplane version                      the Kubernetes version
//
// The subcommands etcd, kube-apiserver and kube-controller-manager are what start runs, each as a process of its own.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register" // --logging-format=json
	"k8s.io/component-base/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

const usage = `A Kubernetes control plane without nodes, on loopback, for demos and tests.

Usage:
  controlplane start --data DIR --port N [--audit-log FILE] [--fsync] [--temporary]
  controlplane kubectl ...
  controlplane version
`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	name := os.Args[1]
	os.Args = os.Args[1:] // each component parses the rest as if it had been called by its own name
	switch name {
	case "start":
		exitOn(start(os.Args[1:]))
	case "etcd":
		exitOn(runEtcd(os.Args[1:]))
	case "kube-apiserver":
		run(apiserver.NewAPIServerCommand())
	case "kube-controller-manager":
		run(controllermanager.NewControllerManagerCommand())
	case "kubectl":
		if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
			kubectlutil.CheckErr(err) // prints as kubectl does and exits
		}
	case "version":
		fmt.Println(version.Get().GitVersion)
	case "help", "-h", "--help":
		fmt.Print(usage)
	default:
		fmt.Fprintf(os.Stderr, "controlplane: unknown subcommand %q\n\n%s", name, usage)
		os.Exit(2)
	}
}

func run(command *cobra.Command) { os.Exit(cli.Run(command)) }

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "controlplane:", err)
		os.Exit(1)
	}
}
