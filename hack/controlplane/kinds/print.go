package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

const head = `# The built-in kinds of Kubernetes, as kymactl's server knows them.
#
# Written by "cargo xtask kinds" from the Go types and a running kube-apiserver;
# "cargo xtask kinds --check" says whether it is current. One thing a line; a
# line that begins with a blank belongs to the last one that does not.
#
#   package ALIAS NAME      a Go package, and what its types' names begin with in OpenAPI
#   enum TYPE VALUE...      the texts that a type can have
#   version GROUP/VERSION   in the order of discovery; "core" is the group without a name
#   resource PLURAL STRUCTURE FLAG...   a kind, in the version above it
#     part NAME VERBS [STRUCTURE or GROUP/VERSION.KIND, where it is not the kind itself]
#     column NAME TYPE FORMAT PRIORITY DESCRIPTION   of tables; "-" is none, and no
#                           description that of the metadata's member of this name
#   struct NAME             members in Go's order:
#     NAME TYPE NUMBER FLAG...            NUMBER is that of the protobuf field
#     > STRUCTURE NUMBER                  in JSON its members stand here
#
# TYPE: *T pointer, []T list, [:NAME]T list with a name of its own, box[:NAME]T
# the same, a message in protobuf; map[K]T, map:NAME[K]T, @NAME structure,
# string:NAME and int32:NAME types with a name; the others are special in JSON.
#
# FLAG of a member: keep, the zero value is written; omitzero, the tag; required;
# patch= and key=, the strategy of a strategic merge patch; list= and map=, of
# server-side apply; default=, as OpenAPI says, where the type does not tell;
# fill=, what a member that is missing gets. Of a kind: cluster (no namespace),
# short=, categories=, verbs= (where they are not all eight), hash= (of discovery).
`

const allVerbs = "create,delete,deletecollection,get,list,patch,update,watch"

func printTable(out io.Writer, served []version, w *walker) {
	fmt.Fprint(out, head)
	fmt.Fprintln(out)
	for _, alias := range keys(w.packages) {
		fmt.Fprintf(out, "package %s %s\n", alias, w.packages[alias])
	}
	fmt.Fprintln(out)
	for _, name := range keys(w.enums) {
		fmt.Fprintf(out, "enum %s %s\n", name, strings.Join(w.enums[name], " "))
	}
	for _, v := range served {
		fmt.Fprintf(out, "\nversion %s\n", groupVersion(v.GroupVersion))
		for _, r := range v.resources {
			printResource(out, v.GroupVersion, r)
		}
	}
	fmt.Fprintln(out)
	for _, s := range w.sorted() {
		printStruct(out, s)
	}
}

func keys[V any](of map[string]V) []string {
	var all []string
	for key := range of {
		all = append(all, key)
	}
	sort.Strings(all)
	return all
}

func groupVersion(gv schema.GroupVersion) string {
	if gv.Group == "" {
		return "core/" + gv.Version
	}
	return gv.String()
}

func printResource(out io.Writer, gv schema.GroupVersion, r servedKind) {
	line := []string{"resource", r.Resource, structOf(r.kind)}
	if r.Scope == "Cluster" {
		line = append(line, "cluster")
	}
	if r.SingularResource != strings.ToLower(r.kind.Kind) {
		line = append(line, "singular="+r.SingularResource)
	}
	line = appendList(line, "short=", r.ShortNames)
	line = appendList(line, "categories=", r.Categories)
	if verbs := strings.Join(r.Verbs, ","); verbs != allVerbs {
		line = append(line, "verbs="+verbs)
	}
	if r.hash != "" {
		line = append(line, "hash="+r.hash)
	}
	fmt.Fprintln(out, strings.Join(line, " "))
	for _, part := range r.Subresources {
		line := []string{" part", part.Subresource, strings.Join(part.Verbs, ",")}
		if kind := resolve(gv, part.ResponseKind); kind != r.kind {
			if t, _ := goTypeOf(kind); t != nil && !strings.HasSuffix(kind.Kind, "Options") {
				line = append(line, qualified(t), groupVersion(kind.GroupVersion()))
			} else {
				line = append(line, kind.Kind)
			}
		}
		fmt.Fprintln(out, strings.Join(line, " "))
	}
	for _, c := range r.columns {
		text, _ := json.Marshal(c.Description)
		if c.Name == "Name" && strings.HasPrefix(c.Description, "Name must be unique within a namespace.") ||
			c.Name == "Age" && strings.HasPrefix(c.Description, "CreationTimestamp is a timestamp") {
			text = nil
		}
		name, _ := json.Marshal(c.Name)
		line := fmt.Sprintf(" column %s %s %s %d %s", name, c.Type, orDash(c.Format), c.Priority, text)
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
}

func structOf(kind schema.GroupVersionKind) string {
	t, _ := goTypeOf(kind)
	return qualified(t)
}

func appendList(line []string, flag string, items []string) []string {
	if len(items) == 0 {
		return line
	}
	return append(line, flag+strings.Join(items, ","))
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func printStruct(out io.Writer, s *structure) {
	line := "struct " + s.name
	if s.mapType != "" {
		line += " map=" + s.mapType
	}
	fmt.Fprintln(out, line)
	for _, m := range s.members {
		if m.embedded {
			fmt.Fprintf(out, " > %s %s\n", m.kind, m.number)
			continue
		}
		line := append([]string{"", m.name, m.kind, m.number}, m.flags...)
		if m.fill != nil {
			line = append(line, "fill="+compact(m.fill))
		}
		fmt.Fprintln(out, strings.Join(line, " "))
	}
}
