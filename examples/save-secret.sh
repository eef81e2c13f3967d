#!/bin/sh
# save-secret.sh SECRET FOLDER: writes what a Secret holds into a folder, as a pod sees it that mounts the Secret.
set -eu
umask 077
mkdir -p "$2"
kubectl get secret "$1" -o go-template='{{range $key, $value := .data}}{{$key}} {{$value}}{{"\n"}}{{end}}' |
  while read -r key value; do printf %s "$value" | base64 -d > "$2/$key"; done
