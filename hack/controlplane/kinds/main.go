// Command kinds prints what kymactl's server has to know of the built-in kinds
// of Kubernetes, as one table: the Go structures behind them by reflection, and
// from a running kube-apiserver what it serves under which names.
//
//	kinds --kubeconfig FILE table      the table
//	kinds --kubeconfig FILE fixtures   an object of each kind, as JSON and as protobuf
//
// `cargo xtask kinds` runs it, and says where the table goes.
package main

import (
	"bufio"
	"fmt"
	"os"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	if len(os.Args) != 4 || os.Args[1] != "--kubeconfig" {
		fmt.Fprintln(os.Stderr, "usage: kinds --kubeconfig FILE table|fixtures")
		os.Exit(2)
	}
	if err := run(os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "kinds:", err)
		os.Exit(1)
	}
}

func run(kubeconfig, what string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1
	client, err := newClient(config)
	if err != nil {
		return err
	}
	served, err := discover(client)
	if err != nil {
		return err
	}
	schemas, err := readSchemas(client)
	if err != nil {
		return err
	}
	walker := newWalker(schemas)
	if err := walker.addKinds(served); err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	switch what {
	case "table":
		walker.addFills(served)
		printTable(out, served, walker)
	case "fixtures":
		if err := printFixtures(out, served); err != nil {
			return err
		}
	default:
		return fmt.Errorf("nothing is called %q", what)
	}
	return out.Flush()
}

func newClient(config *rest.Config) (rest.Interface, error) {
	return rest.UnversionedRESTClientFor(withCodec(config))
}
