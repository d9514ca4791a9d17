package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensionsserver "k8s.io/apiextensions-apiserver/pkg/apiserver"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	aggregator "k8s.io/kube-aggregator/pkg/apiserver/scheme"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/controlplane"
)

// The schemes in which kube-apiserver registers its types.
var schemes = []*runtime.Scheme{legacyscheme.Scheme, apiextensionsserver.Scheme, aggregator.Scheme}

// Types that are written in JSON in a way of their own.
var special = map[reflect.Type]string{
	reflect.TypeFor[metav1.Time]():                                "time",
	reflect.TypeFor[metav1.MicroTime]():                           "microtime",
	reflect.TypeFor[metav1.Duration]():                            "duration",
	reflect.TypeFor[resource.Quantity]():                          "quantity",
	reflect.TypeFor[intstr.IntOrString]():                         "intstr",
	reflect.TypeFor[runtime.RawExtension]():                       "extension",
	reflect.TypeFor[metav1.FieldsV1]():                            "fields",
	reflect.TypeFor[apiextensions.JSON]():                         "json",
	reflect.TypeFor[apiextensions.JSONSchemaPropsOrBool]():        "schemaorbool",
	reflect.TypeFor[apiextensions.JSONSchemaPropsOrArray]():       "schemaorarray",
	reflect.TypeFor[apiextensions.JSONSchemaPropsOrStringArray](): "schemaorstrings",
}

// What every document of OpenAPI has beside the kinds.
var common = []reflect.Type{
	reflect.TypeFor[metav1.APIGroup](),
	reflect.TypeFor[metav1.APIGroupList](),
	reflect.TypeFor[metav1.APIResourceList](),
	reflect.TypeFor[metav1.APIVersions](),
	reflect.TypeFor[metav1.DeleteOptions](),
	reflect.TypeFor[metav1.Status](),
	reflect.TypeFor[metav1.WatchEvent](),
	reflect.TypeFor[apiextensions.JSONSchemaProps](),
}

type structure struct {
	name    string // alias of the package, and the type: core/v1.Pod
	goType  reflect.Type
	members []member
	mapType string
}

type member struct {
	name     string
	kind     string
	number   string // of the protobuf field; "-" for none
	embedded bool
	flags    []string
	fill     json.RawMessage
}

type walker struct {
	schemas map[string]openAPI
	structs map[reflect.Type]*structure
	// OpenAPI's name of a package by our alias of it.
	packages map[string]string
	enums    map[string][]string
}

func newWalker(schemas map[string]openAPI) *walker {
	return &walker{
		schemas:  schemas,
		structs:  map[reflect.Type]*structure{},
		packages: map[string]string{},
		enums:    map[string][]string{},
	}
}

// goTypeOf finds the Go type of a kind.
func goTypeOf(kind schema.GroupVersionKind) (reflect.Type, *runtime.Scheme) {
	for _, scheme := range schemes {
		if t, ok := scheme.AllKnownTypes()[kind]; ok {
			return t, scheme
		}
	}
	return nil, nil
}

func (w *walker) addKinds(served []version) error {
	for _, t := range common {
		w.add(t)
	}
	for _, v := range served {
		for _, r := range v.resources {
			kinds := []schema.GroupVersionKind{r.kind}
			if contains(r.Verbs, "list") {
				kinds = append(kinds, r.kind.GroupVersion().WithKind(r.kind.Kind+"List"))
			}
			for _, part := range r.Subresources {
				if kind := resolve(v.GroupVersion, part.ResponseKind); !strings.HasSuffix(kind.Kind, "Options") {
					kinds = append(kinds, kind)
				}
			}
			for _, kind := range kinds {
				t, _ := goTypeOf(kind)
				if t == nil {
					return fmt.Errorf("no Go type is registered for %v", kind)
				}
				w.add(t)
			}
		}
	}
	return nil
}

// alias is a package's name as the table has it: core/v1, meta/v1, intstr.
func alias(t reflect.Type) string {
	path := t.PkgPath()
	parts := strings.Split(path, "/")
	last := parts[len(parts)-1]
	if strings.HasPrefix(last, "v1") || strings.HasPrefix(last, "v2") {
		return parts[len(parts)-2] + "/" + last
	}
	return last
}

func qualified(t reflect.Type) string {
	return alias(t) + "." + t.Name()
}

// modelName is the type's name in OpenAPI.
func modelName(t reflect.Type) string {
	if named, ok := reflect.New(t).Interface().(interface{ OpenAPIModelName() string }); ok {
		return named.OpenAPIModelName()
	}
	return ""
}

func (w *walker) add(t reflect.Type) string {
	return w.addWith(t, w.schemas[modelName(t)])
}

// addWith adds a structure that is published as this.
func (w *walker) addWith(t reflect.Type, published openAPI) string {
	name := qualified(t)
	if w.structs[t] != nil {
		return name
	}
	found := &structure{name: name, goType: t}
	w.structs[t] = found
	model := modelName(t)
	if prefix := strings.TrimSuffix(model, "."+t.Name()); model != "" {
		w.packages[alias(t)] = prefix
	}
	found.mapType = w.schemas[model].MapType
	found.members = w.members(t, published)
	return name
}

func (w *walker) members(t reflect.Type, published openAPI) []member {
	var members []member
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		number := "-"
		if tag := field.Tag.Get("protobuf"); tag != "" {
			number = strings.Split(tag, ",")[1]
		}
		if field.Anonymous && name == "" {
			inner := field.Type
			// Kind and version are not in the message, but around it.
			if number == "-" {
				for _, m := range w.members(inner, published) {
					m.number = "-"
					members = append(members, m)
				}
				continue
			}
			// It is published with the structure that it stands in.
			members = append(members, member{kind: w.addWith(inner, published), number: number, embedded: true})
			continue
		}
		if name == "" {
			if field.IsExported() {
				fmt.Fprintf(os.Stderr, "%v.%s has no name in JSON\n", t, field.Name)
			}
			continue
		}
		says := published.Properties[name]
		m := member{name: name, kind: w.kind(field.Type, &says, strings.Contains(field.Tag.Get("protobuf"), ",rep")), number: number}
		m.flags = flags(field, options, says)
		if contains(published.Required, name) {
			m.flags = append(m.flags, "required")
		}
		if len(says.Default) > 0 && !(keeps(field.Type, options) && derivable(field.Type, says.Default)) {
			m.flags = append(m.flags, "default="+compact(says.Default))
		}
		members = append(members, m)
	}
	return members
}

// flags are what the tags and the published schema say of a member.
func flags(field reflect.StructField, options string, says property) []string {
	var flags []string
	if keeps(field.Type, options) {
		flags = append(flags, "keep")
	}
	if strings.Contains(options, "omitzero") {
		flags = append(flags, "omitzero")
	}
	if says.Strategy != field.Tag.Get("patchStrategy") || says.MergeKey != field.Tag.Get("patchMergeKey") {
		fmt.Fprintf(os.Stderr, "%s: the tags %q differ from what is published\n", field.Name, field.Tag)
	}
	if strategy := field.Tag.Get("patchStrategy"); strategy != "" {
		flags = append(flags, "patch="+strategy)
	}
	if key := field.Tag.Get("patchMergeKey"); key != "" {
		flags = append(flags, "key="+key)
	}
	if says.ListType != "" {
		text := "list=" + says.ListType
		if len(says.ListKeys) > 0 {
			text += ":" + strings.Join(says.ListKeys, ",")
		}
		flags = append(flags, text)
	}
	if says.MapType != "" {
		flags = append(flags, "map="+says.MapType)
	}
	return flags
}

// keeps says whether Go writes the zero value.
func keeps(t reflect.Type, options string) bool {
	if strings.Contains(options, "omitzero") {
		return false
	}
	if !strings.Contains(options, "omitempty") {
		return true
	}
	// Of a structure Go does not regard omitempty.
	return t.Kind() == reflect.Struct
}

// derivable says whether a default follows from the type alone: the zero value of what is no pointer.
func derivable(t reflect.Type, value json.RawMessage) bool {
	switch t.Kind() {
	case reflect.Struct:
		return string(value) == "{}"
	case reflect.String:
		return string(value) == `""`
	case reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Float64:
		return string(value) == "0"
	case reflect.Bool:
		return string(value) == "false"
	}
	return false
}

func compact(value json.RawMessage) string {
	var any any
	if err := json.Unmarshal(value, &any); err != nil {
		return string(value)
	}
	text, err := json.Marshal(any)
	if err != nil {
		return string(value)
	}
	return string(text)
}

// kind writes a type as the table has it.
func (w *walker) kind(t reflect.Type, says *property, repeated bool) string {
	if name, ok := special[t]; ok {
		return name
	}
	var items, values *property
	if says != nil {
		items, values = says.Items, says.Values
	}
	named := ""
	if t.PkgPath() != "" {
		named = ":" + qualified(t)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + w.kind(t.Elem(), says, false)
	case reflect.Struct:
		return "@" + w.add(t)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes" + named
		}
		text := "[]"
		if named != "" {
			text = "[" + named + "]"
			if !repeated {
				// A message of its own in protobuf.
				text = "box" + text
			}
		}
		return text + w.kind(t.Elem(), items, false)
	case reflect.Map:
		key := w.kind(t.Key(), nil, false)
		return "map" + named + "[" + key + "]" + w.kind(t.Elem(), values, false)
	case reflect.String:
		w.enum(t, says)
		return "string" + named
	case reflect.Bool, reflect.Int32, reflect.Int64, reflect.Float64, reflect.Uint8, reflect.Int:
		return t.Kind().String() + named
	}
	fmt.Fprintf(os.Stderr, "no word for the type %v\n", t)
	return "unknown"
}

// enum remembers the values that a type of texts can have.
func (w *walker) enum(t reflect.Type, says *property) {
	if says == nil || len(says.Enum) == 0 || t.PkgPath() == "" {
		return
	}
	var values []string
	for _, value := range says.Enum {
		values = append(values, compact(value))
	}
	name := qualified(t)
	if known, ok := w.enums[name]; ok && !reflect.DeepEqual(known, values) {
		fmt.Fprintf(os.Stderr, "%s is published with %v and with %v\n", name, known, values)
	}
	w.enums[name] = values
}

func (w *walker) sorted() []*structure {
	var all []*structure
	for _, s := range w.structs {
		all = append(all, s)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].name < all[j].name })
	return all
}
