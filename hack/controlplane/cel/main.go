// Command cel reads groups of schemas, values and expressions as JSON from stdin, and writes them to
// stdout with what the CEL of kube-apiserver makes of each: the text of a compile error, or the type
// of the result, the estimated cost, the value or the error of the evaluation, and its actual cost.
package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/interpreter"

	"gopkg.in/inf.v0"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	schemacel "k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apimachinery/pkg/api/resource"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/version"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/apiserver/pkg/cel/library"
)

type group struct {
	Name   string          `json:"name"`
	Schema json.RawMessage `json:"schema"`
	Root   bool            `json:"root,omitempty"`
	Self   json.RawMessage `json:"self"`
	Cases  []kase          `json:"cases"`
}

type kase struct {
	Rule     string          `json:"rule"`
	Self     json.RawMessage `json:"self,omitempty"`
	OldSelf  json.RawMessage `json:"oldSelf,omitempty"`
	Optional bool            `json:"optionalOldSelf,omitempty"`
	Limit    uint64          `json:"limit,omitempty"`
	Want     *want           `json:"want,omitempty"`
}

type want struct {
	Panic        string  `json:"panic,omitempty"`
	CompileError string  `json:"compileError,omitempty"`
	Type         string  `json:"type,omitempty"`
	UsesOldSelf  bool    `json:"usesOldSelf,omitempty"`
	MinCost      *uint64 `json:"minCost,omitempty"`
	MaxCost      *uint64 `json:"maxCost,omitempty"`
	Value        string  `json:"value,omitempty"`
	Error        string  `json:"error,omitempty"`
	Cost         *uint64 `json:"cost,omitempty"`
	CostVaries   bool    `json:"costVaries,omitempty"`
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	var groups []group
	dec := json.NewDecoder(os.Stdin)
	must(dec.Decode(&groups))
	for i := range groups {
		run(&groups[i])
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	must(enc.Encode(groups))
	_, err := os.Stdout.Write(out.Bytes())
	must(err)
}

func baseEnv() *environment.EnvSet {
	return environment.MustBaseEnvSet(version.MajorMinor(1, 37))
}

func run(g *group) {
	var ext v1.JSONSchemaProps
	must(json.Unmarshal(g.Schema, &ext))
	var in apiextensions.JSONSchemaProps
	must(v1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&ext, &in, nil))
	structural, err := schema.NewStructural(&in)
	must(err)
	decl := model.SchemaDeclType(structural, g.Root)
	if decl == nil {
		must(fmt.Errorf("group %s: no declared type", g.Name))
	}
	values := structural
	if g.Root {
		values = model.WithTypeAndObjectMeta(structural)
	}
	for i := range g.Cases {
		c := &g.Cases[i]
		c.Want = one(g, c, decl, values)
		// Go walks through a map in any order, and what an expression costs can hang on it.
		for range 64 {
			again := one(g, c, decl, values)
			if c.Want.Cost != nil && again.Cost != nil && *again.Cost != *c.Want.Cost {
				c.Want.Cost, c.Want.CostVaries = nil, true
				break
			}
		}
	}
}

var selfType = regexp.MustCompile(`selfType\d+`)

func one(g *group, c *kase, decl *apiservercel.DeclType, values *schema.Structural) (w *want) {
	w = &want{}
	defer func() {
		// Some expressions make the real thing panic.
		if r := recover(); r != nil {
			w = &want{Panic: fmt.Sprint(r)}
		}
	}()
	scoped := decl.MaybeAssignTypeName("selfType1")
	oldType := scoped.CelType()
	if c.Optional {
		oldType = types.NewOptionalType(oldType)
	}
	set, err := baseEnv().Extend(environment.VersionedOptions{
		IntroducedVersion: version.MajorMinor(1, 0),
		EnvOptions:        []cel.EnvOption{cel.Variable("self", scoped.CelType()), cel.Variable("oldSelf", oldType)},
		DeclTypes:         []*apiservercel.DeclType{scoped},
	})
	must(err)
	env := set.StoredExpressionsEnv()
	ast, issues := env.Compile(c.Rule)
	if issues != nil {
		w.CompileError = selfType.ReplaceAllString(issues.String(), "selfType")
		return w
	}
	w.Type = selfType.ReplaceAllString(cel.FormatCELType(ast.OutputType()), "selfType")
	checked, err := cel.AstToCheckedExpr(ast)
	must(err)
	for _, r := range checked.ReferenceMap {
		if r.Name == "oldSelf" {
			w.UsesOldSelf = true
		}
	}
	estimator := &library.CostEstimator{SizeEstimator: &sizes{root: decl}}
	limit := c.Limit
	if limit == 0 {
		limit = celconfig.PerCallLimit
	}
	prog, err := env.Program(ast, cel.CostLimit(limit), cel.CostTracking(estimator), cel.InterruptCheckFrequency(celconfig.CheckFrequency))
	if err != nil {
		w.Error = "program instantiation failed: " + err.Error()
		return w
	}
	est, err := env.EstimateCost(ast, estimator)
	must(err)
	w.MinCost, w.MaxCost = &est.Min, &est.Max
	raw := g.Self
	if c.Self != nil {
		raw = c.Self
	}
	var obj, old interface{}
	must(utiljson.Unmarshal(raw, &obj))
	act := &activation{self: schemacel.UnstructuredToVal(obj, values)}
	if c.OldSelf != nil {
		must(utiljson.Unmarshal(c.OldSelf, &old))
		act.old = schemacel.UnstructuredToVal(old, values)
		if c.Optional {
			act.old = types.OptionalOf(act.old)
		}
	} else if c.Optional {
		act.old = types.OptionalNone
	}
	val, details, err := prog.ContextEval(context.Background(), act)
	if details != nil && details.ActualCost() != nil {
		w.Cost = details.ActualCost()
	}
	if err != nil {
		w.Error = err.Error()
		return w
	}
	w.Value = render(val)
	return w
}

type activation struct{ self, old ref.Val }

func (a *activation) ResolveName(name string) (interface{}, bool) {
	switch name {
	case "self":
		return a.self, true
	case "oldSelf":
		return a.old, a.old != nil
	}
	return nil, false
}
func (a *activation) Parent() interpreter.Activation { return nil }

type sizes struct{ root *apiservercel.DeclType }

func (s *sizes) EstimateSize(e checker.AstNode) *checker.SizeEstimate {
	if len(e.Path()) == 0 {
		return nil
	}
	n := s.root
	for _, name := range e.Path()[1:] {
		switch name {
		case "@items", "@values":
			if n.ElemType == nil {
				return nil
			}
			n = n.ElemType
		case "@keys":
			if n.KeyType == nil {
				return nil
			}
			n = n.KeyType
		default:
			f, ok := n.Fields[name]
			if !ok || f.Type == nil {
				return nil
			}
			n = f.Type
		}
	}
	return &checker.SizeEstimate{Min: 0, Max: uint64(n.MaxElements)}
}

func (s *sizes) EstimateCallCost(string, string, *checker.AstNode, []checker.AstNode) *checker.CallEstimate {
	return nil
}

func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	must(e.Encode(s))
	return strings.TrimSpace(b.String())
}

func render(v ref.Val) string {
	switch t := v.(type) {
	case types.Bool:
		return strconv.FormatBool(bool(t))
	case types.Int:
		return strconv.FormatInt(int64(t), 10)
	case types.Uint:
		return strconv.FormatUint(uint64(t), 10) + "u"
	case types.Double:
		f := float64(t)
		switch {
		case math.IsNaN(f):
			return "NaN"
		case math.IsInf(f, 1):
			return "Inf"
		case math.IsInf(f, -1):
			return "-Inf"
		}
		return "double:" + strconv.FormatUint(math.Float64bits(f), 16)
	case types.String:
		return quote(string(t))
	case types.Bytes:
		return "b:" + base64.StdEncoding.EncodeToString(t)
	case types.Null:
		return "null"
	case types.Duration:
		return "duration:" + strconv.FormatInt(int64(t.Duration), 10)
	case types.Timestamp:
		return fmt.Sprintf("timestamp:%d.%09d", t.Unix(), t.Nanosecond())
	case *types.Optional:
		if t.HasValue() {
			return "optional(" + render(t.GetValue()) + ")"
		}
		return "optional.none"
	case traits.Lister:
		var parts []string
		for it := t.Iterator(); it.HasNext() == types.True; {
			parts = append(parts, render(it.Next()))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case traits.Mapper:
		var parts []string
		for it := t.Iterator(); it.HasNext() == types.True; {
			k := it.Next()
			parts = append(parts, render(k)+": "+render(t.Get(k)))
		}
		sort.Strings(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	case *types.Type:
		return "type:" + selfType.ReplaceAllString(t.TypeName(), "selfType")
	case apiservercel.Quantity:
		return "quantity:" + nanos(t.Quantity)
	case *apiservercel.Quantity:
		return "quantity:" + nanos(t.Quantity)
	case apiservercel.Semver:
		return "semver:" + t.Version.String()
	case apiservercel.IP:
		return "ip:" + t.Addr.String()
	case apiservercel.CIDR:
		return "cidr:" + t.Prefix.String()
	case apiservercel.URL:
		return "url:" + t.URL.String()
	case apiservercel.Format:
		return "format:" + t.Name
	}
	return fmt.Sprintf("%s(%v)", v.Type().TypeName(), v.Value())
}

// nanos writes an amount in billionths.
func nanos(q *resource.Quantity) string {
	amount := q.AsDec()
	var dec inf.Dec
	dec.Round(amount, 9, inf.RoundUp)
	return dec.UnscaledBig().String()
}
