use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::resource::ResourceId;

fn texts() -> impl Strategy<Value = Arc<str>> {
    prop_oneof![".{0,12}", "[a-z/.-]{100,200}"].prop_map(Arc::from)
}

fn pairs() -> impl Strategy<Value = Box<[(Arc<str>, Arc<str>)]>> {
    prop::collection::vec((texts(), texts()), 0..5).prop_map(Vec::into_boxed_slice)
}

prop_compose! {
    fn index()(
        uid in texts(),
        labels in pairs(),
        fields in pairs(),
        owners in prop::collection::vec(texts(), 0..4),
        deleting: bool,
    ) -> Index {
        Index { uid, labels, fields, owners: owners.into_boxed_slice(), deleting }
    }
}

prop_compose! {
    fn object()(
        namespace in texts(),
        name in texts(),
        revision: u64,
        json in prop::collection::vec(any::<u8>(), 0..300),
        index in index(),
    ) -> Object {
        let key = Key { resource: ResourceId::for_test(0), namespace, name };
        Object { key, revision: Revision::new(revision), json: Bytes::from(json), index }
    }
}

fn encoded(resource: &str, object: &Object) -> (Vec<u8>, Vec<u8>) {
    let (mut key, mut value) = (vec![7; 3], vec![7; 3]);
    encode_key(resource, &object.key, &mut key);
    encode(&key, object, &mut value);
    (key, value)
}

proptest! {
    #[test]
    fn an_object_comes_back_as_it_was(resource in texts(), object in object()) {
        let (key, value) = encoded(&resource, &object);
        prop_assert_ne!(&key, HEAD_KEY);
        let kept = decode(&key, &value).unwrap();
        prop_assert_eq!(kept, Kept {
            resource: &resource,
            namespace: &object.key.namespace,
            name: &object.key.name,
            revision: object.revision,
            index: object.index.clone(),
            json: &object.json,
        });
    }

    #[test]
    fn any_changed_bit_is_found(object in object(), place: prop::sample::Index, bit in 0..8) {
        let (mut key, mut value) = encoded("kymas", &object);
        let place = place.index(key.len() + value.len());
        let keys = key.len();
        let byte = if place < keys { &mut key[place] } else { &mut value[place - keys] };
        *byte ^= 1_u8 << bit;
        prop_assert_eq!(decode(&key, &value), Err(Flaw::Checksum));
    }

    /// Behind a right checksum too, so that every branch of the reader meets nonsense.
    #[test]
    fn no_bytes_make_it_panic(
        key in prop::collection::vec(any::<u8>(), 0..30),
        mut value in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        prop_assert!(decode(&key, &value).is_err());
        let _ = decode_head(&value);
        if value.len() >= 13 {
            value[12] &= DELETING;
            let checksum = checksum(&key, &value[4..]);
            value[..4].copy_from_slice(&checksum);
            if let Ok(kept) = decode(&key, &value) {
                prop_assert!(kept.json.len() < value.len());
            }
        }
    }

    #[test]
    fn a_cut_off_value_is_refused(object in object(), cut: prop::sample::Index) {
        let (key, value) = encoded("kymas", &object);
        let mut cut = value[..cut.index(value.len())].to_vec();
        prop_assert!(decode(&key, &cut).is_err());
        // The same with a checksum that somebody has made right: then it may only look like less JSON.
        if cut.len() > 4 {
            let checksum = checksum(&key, &cut[4..]);
            cut[..4].copy_from_slice(&checksum);
            if let Ok(kept) = decode(&key, &cut) {
                prop_assert!(object.json.starts_with(kept.json) && kept.index == object.index);
            }
        }
    }

    #[test]
    fn numbers_come_back(value in prop_oneof![0..0x200usize, Just(u32::MAX as usize), any::<u32>().prop_map(|value| value as usize)]) {
        let mut bytes = Vec::new();
        number(value, &mut bytes);
        prop_assert_eq!(Reader(&bytes).number(), Ok(value));
    }
}

#[test]
fn numbers_beyond_32_bits_are_refused() {
    for bytes in [&[0xff, 0xff, 0xff, 0xff, 0x1f][..], &[0x80, 0x80, 0x80, 0x80, 0x80, 0x01]] {
        assert_eq!(Reader(bytes).number(), Err(Flaw::Length), "{bytes:x?}");
    }
    assert_eq!(Reader(&[0x80]).number(), Err(Flaw::End));
}

#[test]
fn the_head_comes_back() {
    let head = Head { revision: Revision::new(70_000), format: 3 };
    let mut value = encode_head(head);
    assert_eq!(decode_head(&value), Ok(head));
    assert_eq!(decode_head(&value[..15]), Err(Flaw::Checksum));
    value[5] ^= 1;
    assert_eq!(decode_head(&value), Err(Flaw::Checksum));
}

/// The bytes of format 1: whoever changes them makes format 2.
#[test]
fn the_encoding_is_what_the_text_says() {
    let key = Key { resource: ResourceId::for_test(0), namespace: Arc::from("pb"), name: Arc::from("a") };
    let index = Index {
        uid: Arc::from("u"),
        labels: Box::new([(Arc::from("l"), Arc::from("v"))]),
        fields: Box::new([]),
        owners: Box::new([Arc::from("o")]),
        deleting: true,
    };
    let object = Object { key, revision: Revision::new(258), json: Bytes::from_static(b"{}"), index };
    let (key, value) = encoded("kymas", &object);
    assert_eq!(key, b"\x05kymas\x02pba");
    assert_eq!(value[4..], *b"\x02\x01\0\0\0\0\0\0\x01\x01u\x01\x01l\x01v\0\x01\x01o{}");
    assert_eq!(value[..4], crc32fast::hash(&[&key[..], &value[4..]].concat()).to_le_bytes());
}
