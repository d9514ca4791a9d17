package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// What the schemes' defaulting does to a member that nobody set.
type effect struct {
	seen   int
	values map[string]int
}

type effects map[string]*effect

// Members that defaulting fills always with the same value as far as can be
// found out here, but only when another member says so.
var depends = map[string]string{
	"apps/v1.DaemonSetUpdateStrategy rollingUpdate":    "type",
	"apps/v1.DeploymentStrategy rollingUpdate":         "type",
	"apps/v1.StatefulSetUpdateStrategy rollingUpdate":  "type",
	"core/v1.Container imagePullPolicy":                "image",
	"core/v1.EphemeralContainerCommon imagePullPolicy": "image",
	"core/v1.ImageVolumeSource pullPolicy":             "reference",
	"core/v1.ServiceSpec internalTrafficPolicy":        "type",
	"resource/v1.DeviceSubRequest count":               "allocationMode",
	"resource/v1.ExactDeviceRequest count":             "allocationMode",
}

// addFills finds the members that defaulting always fills with the same value.
// What hangs on other members is for the kinds' own code, and is named on stderr.
func (w *walker) addFills(served []version) {
	found := effects{}
	for _, v := range served {
		for _, r := range v.resources {
			t, scheme := goTypeOf(r.kind)
			found.try(scheme, t, "")
			for _, choice := range w.optional(t) {
				found.try(scheme, t, choice)
			}
		}
	}
	var conditional []string
	for _, s := range w.sorted() {
		for i := range s.members {
			m := &s.members[i]
			e := found[s.name+" "+m.name]
			if m.embedded || e == nil || len(e.values) == 0 || depends[s.name+" "+m.name] != "" {
				continue
			}
			if len(e.values) == 1 && e.values[first(e.values)] == e.seen {
				m.fill = json.RawMessage(first(e.values))
				continue
			}
			conditional = append(conditional, fmt.Sprintf("%s.%s %v of %d", s.name, m.name, e.values, e.seen))
		}
	}
	sort.Strings(conditional)
	for _, text := range conditional {
		fmt.Fprintln(os.Stderr, "default that depends:", text)
	}
}

func first(values map[string]int) string {
	for value := range values {
		return value
	}
	return ""
}

// optional lists the members that point to structures, and the lists, of a type and all below it.
func (w *walker) optional(t reflect.Type) []string {
	var choices []string
	seen := map[reflect.Type]bool{}
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		if special[t] != "" {
			return
		}
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			visit(t.Elem())
		case reflect.Struct:
			if seen[t] {
				return
			}
			seen[t] = true
			for i := range t.NumField() {
				field := t.Field(i)
				if field.Type.Kind() == reflect.Pointer && field.Type.Elem().Kind() == reflect.Struct ||
					field.Type.Kind() == reflect.Slice {
					choices = append(choices, qualified(t)+" "+field.Name)
				}
				visit(field.Type)
			}
		}
	}
	visit(t)
	return choices
}

// try fills an object with all there is but for one member, has it defaulted and looks at what became of it.
func (e effects) try(scheme *runtime.Scheme, t reflect.Type, without string) {
	before, after := reflect.New(t), reflect.New(t)
	for _, value := range []reflect.Value{before, after} {
		build(value.Elem(), without, map[reflect.Type]bool{})
	}
	object, ok := after.Interface().(runtime.Object)
	if !ok {
		return
	}
	scheme.Default(object)
	e.compare(before.Elem(), after.Elem())
}

// build sets every pointer to a structure and gives every list of structures one item.
func build(value reflect.Value, without string, open map[reflect.Type]bool) {
	t := value.Type()
	if special[t] != "" || open[t] {
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		open[t] = true
		defer delete(open, t)
		for i := range t.NumField() {
			if field := t.Field(i); field.IsExported() && qualified(t)+" "+field.Name != without {
				build(value.Field(i), without, open)
			}
		}
	case reflect.Pointer:
		if t.Elem().Kind() == reflect.Struct && special[t.Elem()] == "" && !open[t.Elem()] {
			value.Set(reflect.New(t.Elem()))
			build(value.Elem(), without, open)
		}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Struct && special[t.Elem()] == "" && !open[t.Elem()] {
			value.Set(reflect.MakeSlice(t, 1, 1))
			build(value.Index(0), without, open)
		}
	}
}

func (e effects) compare(before, after reflect.Value) {
	switch before.Kind() {
	case reflect.Pointer:
		if !before.IsNil() && !after.IsNil() {
			e.compare(before.Elem(), after.Elem())
		}
	case reflect.Slice:
		for i := range min(before.Len(), after.Len()) {
			e.compare(before.Index(i), after.Index(i))
		}
	case reflect.Struct:
		if special[before.Type()] != "" {
			return
		}
		for i := range before.NumField() {
			field := before.Type().Field(i)
			if !field.IsExported() {
				continue
			}
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			// A structure that is no pointer is always there: only its members can be missing.
			inner := field.Type.Kind() == reflect.Struct && special[field.Type] == ""
			if before.Field(i).IsZero() && name != "" && !inner {
				e.note(qualified(before.Type())+" "+name, after.Field(i))
			} else {
				e.compare(before.Field(i), after.Field(i))
			}
		}
	}
}

func (e effects) note(member string, value reflect.Value) {
	found := e[member]
	if found == nil {
		found = &effect{values: map[string]int{}}
		e[member] = found
	}
	found.seen++
	// Empty ones are not seen, and times are those of this run.
	empty := (value.Kind() == reflect.Map || value.Kind() == reflect.Slice) && value.Len() == 0
	if value.IsZero() || empty || value.Type() == reflect.TypeFor[*metav1.Time]() {
		return
	}
	text, err := json.Marshal(value.Interface())
	if err != nil {
		fmt.Fprintln(os.Stderr, member, err)
		return
	}
	found.values[string(text)]++
}
