//! The plan against a model of the world: whatever happens, planning and carrying out ends in peace, the end is
//! the right one, and what belongs to others is as it was.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Object {
    owner: Owner,
    component_name: String,
    namespace: String,
    stage: Stage,
}

impl Object {
    fn new(owner: Owner, component: &Component) -> Self {
        Self {
            owner,
            component_name: component.name.clone(),
            namespace: component.namespace.clone(),
            stage: Stage::EMPTY,
        }
    }
}

#[derive(Clone, Debug, Default)]
struct World {
    generation: i64,
    components: Vec<Component>,
    status: KymaStatus,
    objects: BTreeMap<String, Object>,
    refused: Vec<String>,
    writes: usize,
}

/// What users, other controllers and the life cycle do.
#[derive(Clone, Debug)]
enum Happening {
    Spec(Vec<(u8, bool)>),
    Arrives(u8, Stage),
    Appears(u8, Owner),
    Vanishes(u8),
    Turns(u8),
}

/// Names of the model; the server of the model refuses the last one.
const NAMES: [&str; 6] = ["a", "bb", "ccc", "dddd", "eeeee", "ILLEGAL"];

fn name(n: u8) -> &'static str {
    NAMES[usize::from(n) % NAMES.len()]
}

impl World {
    fn facts(&self) -> Facts<'_> {
        let children = self.objects.iter().map(|(name, object)| Child {
            name,
            owner: object.owner,
            component_name: &object.component_name,
            namespace: &object.namespace,
            stage: object.stage,
            deleting: false,
        });
        let refusals = self.refused.iter().map(|component| Refusal {
            component,
            cause: RefusalCause::Invalid,
            message: "no",
            due: false,
        });
        Facts {
            name: "k",
            generation: self.generation,
            deleting: false,
            components: &self.components,
            status: StatusFacts::from(&self.status),
            children: children.collect(),
            refusals: refusals.collect(),
        }
    }

    /// One turn after the window has passed; says whether there was anything to do.
    fn turn(&mut self) -> bool {
        let plan = plan(&self.facts(), &LIMITS, Some(LIMITS.status_interval));
        if let StatusPlan::Write(desired) = &plan.status {
            let old = self.status.clone();
            let now = Timestamp::UNIX_EPOCH;
            self.status = desired.to_status(&StatusFacts::from(&old), &[], self.generation, now);
            assert_ne!(self.status, old, "a write without news");
            self.writes += 1;
        }
        for delete in &plan.deletes {
            let gone = self.objects.remove(&delete.name).expect("only what is there is deleted");
            assert_ne!(gone.owner, Owner::Other);
        }
        for patch in &plan.patches {
            let object = self.objects.get_mut(&patch.name).expect("only what is there is patched");
            assert_eq!(object.owner, Owner::This);
            object.namespace.clone_from(&patch.namespace);
        }
        assert!(plan.creates.len() <= LIMITS.creates);
        for create in &plan.creates {
            if create.component.name == "ILLEGAL" {
                self.refused.push(create.component.name.clone());
                continue;
            }
            let object = Object::new(Owner::This, &create.component);
            assert_eq!(self.objects.insert(create.name.clone(), object), None, "nothing is created twice");
        }
        !plan.is_empty()
    }

    fn settle(&mut self) {
        for _ in 0..8 {
            if !self.turn() {
                return;
            }
        }
        panic!("never at peace: {self:?}");
    }

    fn happen(&mut self, happening: &Happening) {
        match happening {
            Happening::Spec(entries) => {
                let component = |(n, elsewhere): &(u8, bool)| Component {
                    name: name(*n).to_owned(),
                    namespace: if *elsewhere { "elsewhere".into() } else { String::new() },
                };
                let components: Vec<_> = entries.iter().map(component).collect();
                if self.components != components {
                    self.components = components;
                    self.generation += 1;
                    self.refused.clear();
                }
            }
            Happening::Arrives(n, stage) => {
                if let Some(object) = self.objects.get_mut(&child_name("k", name(*n))) {
                    object.stage = *stage;
                }
            }
            Happening::Appears(n, owner) => {
                let object = Object::new(*owner, &component(name(*n)));
                self.objects.entry(child_name("k", name(*n))).or_insert(object);
            }
            Happening::Vanishes(n) => {
                self.objects.remove(&child_name("k", name(*n)));
            }
            Happening::Turns(n) => {
                for _ in 0..*n {
                    self.turn();
                }
            }
        }
    }

    fn of_others(&self) -> BTreeMap<String, Object> {
        let foreign = self.objects.iter().filter(|(_, object)| object.owner == Owner::Other);
        foreign.map(|(name, object)| (name.clone(), object.clone())).collect()
    }

    fn assert_right(&self) {
        let mut wanted: Vec<&str> = Vec::new();
        for component in &self.components {
            if wanted.contains(&component.name.as_str()) {
                continue;
            }
            wanted.push(&component.name);
            let object = self.objects.get(&child_name("k", &component.name));
            let ours = object.filter(|object| object.owner == Owner::This);
            assert!(ours.is_none_or(|ours| ours.namespace == component.namespace));
            assert!(object.is_some() || component.name == "ILLEGAL", "{} is missing", component.name);
        }
        let arrived = |name: &str| {
            let object = self.objects.get(&child_name("k", name));
            object.is_some_and(|object| object.owner == Owner::This && object.stage == Stage::SUCCESS)
        };
        let waiting: Vec<&str> = wanted.iter().copied().filter(|name| !arrived(name)).collect();
        assert_eq!(self.status.waiting_for, waiting);
        assert_eq!(self.status.status == SUCCESS, waiting.is_empty());
        assert_eq!(self.status.observed_generation, Some(self.generation));
        for (name, object) in &self.objects {
            let listed = wanted.contains(&object.component_name.as_str());
            assert!(object.owner == Owner::Other || object.owner == Owner::This && listed, "{name} is left");
        }
    }
}

fn owner() -> impl Strategy<Value = Owner> {
    prop_oneof![Just(Owner::This), Just(Owner::Predecessor), Just(Owner::Other)]
}

fn happening() -> impl Strategy<Value = Happening> {
    let stage = (0..Stage::COUNT).prop_map(|n| Stage::all().nth(n).expect("below COUNT"));
    prop_oneof![
        2 => prop::collection::vec((any::<u8>(), any::<bool>()), 0..9).prop_map(Happening::Spec),
        4 => (any::<u8>(), stage).prop_map(|(n, stage)| Happening::Arrives(n, stage)),
        2 => (any::<u8>(), owner()).prop_map(|(n, owner)| Happening::Appears(n, owner)),
        1 => any::<u8>().prop_map(Happening::Vanishes),
        3 => (0_u8..4).prop_map(Happening::Turns),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_ends_in_the_right_state(happenings in prop::collection::vec(happening(), 0..25)) {
        let mut world = World { generation: 1, ..Default::default() };
        world.turn();
        for happening in &happenings {
            let others = world.of_others();
            world.happen(happening);
            let touched = matches!(happening, Happening::Turns(_)) && world.of_others() != others;
            prop_assert!(!touched, "a turn touched what belongs to others");
        }
        let others = world.of_others();
        world.settle();
        world.assert_right();
        prop_assert_eq!(world.of_others(), others);
        // At peace nothing more is written, however often one looks.
        let writes = world.writes;
        world.settle();
        prop_assert_eq!(world.writes, writes);
    }
}
