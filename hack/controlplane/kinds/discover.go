package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	discovery "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

const (
	aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
	asTable    = "application/json;as=Table;g=meta.k8s.io;v=v1"
)

// A version of a group, as discovery lists it.
type version struct {
	schema.GroupVersion
	resources []servedKind
}

type servedKind struct {
	discovery.APIResourceDiscovery
	kind    schema.GroupVersionKind
	hash    string
	columns []metav1.TableColumnDefinition
}

func withCodec(config *rest.Config) *rest.Config {
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	config.GroupVersion = &schema.GroupVersion{}
	return config
}

func get(client rest.Interface, path, accept string, into any) error {
	raw, err := client.Get().AbsPath(path).SetHeader("Accept", accept).DoRaw(context.Background())
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	return json.Unmarshal(raw, into)
}

// discover lists what is served, in the order in which the server lists it.
func discover(client rest.Interface) ([]version, error) {
	var served []version
	for _, root := range []string{"/api", "/apis"} {
		var list discovery.APIGroupDiscoveryList
		if err := get(client, root, aggregated, &list); err != nil {
			return nil, err
		}
		for _, group := range list.Items {
			for _, v := range group.Versions {
				found, err := readVersion(client, group.Name, v)
				if err != nil {
					return nil, err
				}
				served = append(served, found)
			}
		}
	}
	return served, nil
}

func readVersion(client rest.Interface, group string, v discovery.APIVersionDiscovery) (version, error) {
	found := version{GroupVersion: schema.GroupVersion{Group: group, Version: v.Version}}
	path := "/apis/" + found.String()
	if group == "" {
		path = "/api/" + v.Version
	}
	var list metav1.APIResourceList
	if err := get(client, path, "application/json", &list); err != nil {
		return found, err
	}
	for _, entry := range v.Resources {
		kind := resolve(found.GroupVersion, entry.ResponseKind)
		r := servedKind{APIResourceDiscovery: entry, kind: kind}
		for _, old := range list.APIResources {
			if old.Name == entry.Resource {
				r.hash = old.StorageVersionHash
			}
		}
		if contains(entry.Verbs, "list") {
			var table metav1.Table
			if err := get(client, path+"/"+entry.Resource, asTable, &table); err != nil {
				return found, err
			}
			r.columns = table.ColumnDefinitions
		}
		found.resources = append(found.resources, r)
	}
	return found, nil
}

// resolve fills in what discovery leaves out where it is that of the version.
func resolve(gv schema.GroupVersion, kind *metav1.GroupVersionKind) schema.GroupVersionKind {
	if kind.Group == "" && kind.Version == "" {
		return gv.WithKind(kind.Kind)
	}
	return schema.GroupVersionKind{Group: kind.Group, Version: kind.Version, Kind: kind.Kind}
}

func contains(list []string, item string) bool {
	for _, other := range list {
		if other == item {
			return true
		}
	}
	return false
}

// The schema of a Go type, as far as it cannot be told from the type.
type openAPI struct {
	Properties  map[string]property `json:"properties"`
	Required    []string            `json:"required"`
	MapType     string              `json:"x-kubernetes-map-type"`
	Kinds       []kindOf            `json:"x-kubernetes-group-version-kind"`
	Description string              `json:"description"`
}

type kindOf struct {
	Group, Version, Kind string
}

type property struct {
	Default  json.RawMessage   `json:"default"`
	Enum     []json.RawMessage `json:"enum"`
	Items    *property         `json:"items"`
	Values   *property         `json:"additionalProperties"`
	MapType  string            `json:"x-kubernetes-map-type"`
	ListType string            `json:"x-kubernetes-list-type"`
	ListKeys []string          `json:"x-kubernetes-list-map-keys"`
	Strategy string            `json:"x-kubernetes-patch-strategy"`
	MergeKey string            `json:"x-kubernetes-patch-merge-key"`
}

// readSchemas gives the published schemas by their names.
func readSchemas(client rest.Interface) (map[string]openAPI, error) {
	var index struct {
		Paths map[string]struct {
			URL string `json:"serverRelativeURL"`
		}
	}
	if err := get(client, "/openapi/v3", "application/json", &index); err != nil {
		return nil, err
	}
	all := map[string]openAPI{}
	var paths []string
	for path := range index.Paths {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	for _, path := range paths {
		if !strings.HasPrefix(path, "api") {
			continue
		}
		var document struct {
			Components struct {
				Schemas map[string]openAPI
			}
		}
		if err := get(client, "/openapi/v3/"+path, "application/json", &document); err != nil {
			return nil, err
		}
		for name, schema := range document.Components.Schemas {
			all[name] = schema
		}
	}
	return all, nil
}
