// The versions are those of ../1.37.2/go.mod: this file only says where the
// module begins, and is not read when that one is given as -modfile.
module kymactl.invalid/hack/controlplane

go 1.26.0
