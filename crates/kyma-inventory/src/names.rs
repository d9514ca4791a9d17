//! Names that are computed: a component's object and the shard of a Kyma.

/// The label of a `HelmComponent` that holds the shard of its Kyma, a decimal number below [`SHARDS`].
pub const SHARD_LABEL: &str = "inventory.kyma-project.io/shard";

/// How many shards there are; replicas share them out among themselves.
pub const SHARDS: u64 = 256;

/// The name of the `HelmComponent` of a Kyma's component.
///
/// Two Kymas can make the same name (`a` + `b-c`, `a-b` + `c`): whoever uses it looks at the owner as well.
#[must_use]
pub fn child_name(kyma: &str, component: &str) -> String {
    let mut name = String::with_capacity(kyma.len() + 1 + component.len());
    name.push_str(kyma);
    name.push('-');
    name.push_str(component);
    name
}

/// The shard of the Kyma `namespace/name`, and so of its components.
#[must_use]
pub fn shard_of(namespace: &str, name: &str) -> u8 {
    let hash = [namespace.as_bytes(), b"/", name.as_bytes()].into_iter().fold(FNV_OFFSET, fnv1a);
    (hash % SHARDS) as u8
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// FNV-1a, 64 bits. Chosen because it is the same in every language and release; it guards nothing.
#[must_use]
pub fn fnv1a_64(bytes: &[u8]) -> u64 {
    fnv1a(FNV_OFFSET, bytes)
}

fn fnv1a(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME))
}

#[cfg(test)]
mod tests {
    use super::{child_name, fnv1a_64, shard_of};

    /// From the authors' own test vectors (draft-eastlake-fnv, appendix C).
    #[test]
    fn fnv_gives_the_published_values() {
        let published: [(&[u8], u64); 5] = [
            (b"", 0xcbf2_9ce4_8422_2325),
            (b"a", 0xaf63_dc4c_8601_ec8c),
            (b"b", 0xaf63_df4c_8601_f1a5),
            (b"foo", 0xdcb2_7518_fed9_d577),
            (b"foobar", 0x8594_4171_f739_67e8),
        ];
        for (text, hash) in published {
            assert_eq!(fnv1a_64(text), hash, "{text:?}");
        }
    }

    #[test]
    fn a_shard_is_the_hash_of_namespace_and_name() {
        for (namespace, name) in [("pb", "kyma-sample-1"), ("", ""), ("a", "b/c")] {
            let whole = fnv1a_64(format!("{namespace}/{name}").as_bytes());
            assert_eq!(u64::from(shard_of(namespace, name)), whole % 256);
        }
        // Held still: the label is stored in objects, so the number must never change.
        assert_eq!(shard_of("pb", "kyma-sample-1"), 37);
    }

    #[test]
    fn shards_are_even_over_a_sample_fleet() {
        let mut count = [0_u32; 256];
        for i in 1..=4000 {
            count[usize::from(shard_of("pb", &format!("kyma-sample-{i}")))] += 1;
        }
        assert!(count.iter().all(|n| (1..=45).contains(n)), "{count:?}");
    }

    #[test]
    fn names_join_with_a_dash_and_can_collide() {
        assert_eq!(child_name("kyma-sample-1", "istio"), "kyma-sample-1-istio");
        assert_eq!(child_name("a", "b-c"), child_name("a-b", "c"));
        assert_eq!(child_name("a", ""), "a-");
    }
}
