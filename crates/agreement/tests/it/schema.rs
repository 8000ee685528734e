//! The JSON Schema of the files. That books satisfy it is checked by another implementation, in `tests/python`.

use abide_agreement::{SchemaOf, schema};
use expect_test::expect;
use serde_json::Value;

fn parsed(of: SchemaOf) -> Value {
    serde_json::from_str(&schema(of)).unwrap()
}

#[test]
fn a_clause_has_keys_types_and_words_with_a_sentence_each() {
    let share = &parsed(SchemaOf::Instrument)["properties"]["share"]["items"];
    let mut out = format!("needs {}\n", share["required"]);
    for (name, key) in share["properties"].as_object().unwrap() {
        assert!(key["description"].as_str().unwrap().ends_with(['.', ']']), "{name}");
        let more = ["enum", "pattern", "format", "examples"].map(|word| &key[word]).into_iter();
        let more: Vec<_> = more.filter(|value| !value.is_null()).map(Value::to_string).collect();
        out += &format!("{name}: {} {}\n", key["type"], more.join(" "));
    }
    expect![[r#"
        needs ["id","from","to","every"]
        basis: "string" ["marginal","volume"] ["marginal"]
        cap: "object" [{"total":"38_000_000_000 USD"}]
        cite: "object" [{"quote":"…","source":"apr27"}]
        convert: "string" ["day","average","closing"] ["average"]
        currency: "string" ["USD"]
        every: "string" ["month","quarter","half","year"] ["quarter"]
        except: "array" [[{"channels":["blue"]}]]
        floor: "object" [{"period":"1_000_000 USD"}]
        from: "string" "^[A-Za-z0-9._-]+$" ["lab"]
        id: "string" "^[A-Za-z0-9._-]+$" ["apr27.licence"]
        if: "string" ["agi-verified"]
        known: "string" "date" ["2026-05-11"]
        note: "string" ["…"]
        of: "object" [{"products":["lab"]}]
        overrides: "array" [["oct25.licence"]]
        rate: "string" "^[0-9][0-9_]*([.][0-9_]+)? *%$" ["20%"]
        reset: "string" ["month","quarter","half","year"] ["year"]
        since: "string" "date" ["2026-04-27"]
        tiers: "array" [[{"rate":"10%","upto":"10_000_000 USD"},{"rate":"5%"}]]
        to: "string" "^[A-Za-z0-9._-]+$" ["cloud"]
        unless: "string" ["agi-verified"]
        until: "string" "date" ["2031-01-01"]
    "#]]
    .assert_eq(&out);
}

#[test]
fn nothing_that_is_not_listed_is_allowed_anywhere() {
    fn walk(value: &Value, at: &str, tables: &mut usize) {
        if value["properties"].is_object() {
            assert_eq!(value["additionalProperties"], false, "{at}");
            *tables += 1;
        }
        let below = value.as_object().into_iter().flatten();
        below.for_each(|(name, value)| walk(value, &format!("{at}.{name}"), tables));
    }
    for of in SchemaOf::ALL {
        let mut tables = 0;
        walk(&parsed(of), of.as_str(), &mut tables);
        assert!(tables > 5, "{of:?}");
    }
}
