//! `abide key`: made, listed, revoked.

use crate::stage::{Stage, example_book};

const CONFIG: &str = "folder = \"store\"\n";

#[test]
fn a_key_is_shown_once_and_listed_without_its_secret_until_it_is_revoked() {
    let stage = Stage::new(&[("abide.toml", CONFIG)]);
    let words = ["key", "create", "app", "--customer", "acme", "--country", "US", "--expires", "90d"];
    let made = stage.run(&words);
    assert_eq!(made.status, 0, "{}", made.text());
    let secret = made.out.trim().to_owned();
    assert!(secret.starts_with("sk-abide-") && secret.lines().count() == 1, "{}", made.out);
    assert!(!made.err.contains(&secret));
    let listed = stage.run(&["key", "list", "--json"]);
    assert!(!listed.out.contains(&secret));
    let keys = listed.json();
    let key = &keys[0];
    assert_eq!(
        (&key["name"], &key["customer"], &key["country"]),
        (&"app".into(), &"acme".into(), &"US".into())
    );
    let id = key["id"].as_str().unwrap();
    assert!(made.err.contains(id) && stage.run(&["key", "list"]).out.contains("until "));
    assert_eq!(stage.run(&["key", "revoke", id]).text(), format!("revoked {id}\nexit 0\n"));
    assert!(stage.run(&["key", "list"]).out.contains("revoked "));
    assert_eq!(stage.run(&["key", "revoke", id]).status, 2);
}

#[test]
fn the_secret_of_a_new_key_is_part_of_its_json() {
    let stage = Stage::new(&[]);
    let made = stage.run(&["key", "create", "app", "--folder", "store", "--json"]).json();
    assert!(made["key"].as_str().unwrap().starts_with("sk-abide-"));
    assert_eq!(made["customer"], "app");
    assert!(stage.path().join("store").exists());
}

#[test]
fn two_keys_of_one_name_are_two_keys() {
    let stage = Stage::new(&[("abide.toml", CONFIG)]);
    let first = stage.run(&["key", "create", "app"]).out;
    let second = stage.run(&["key", "create", "app"]).out;
    assert_ne!(first, second);
    assert_eq!(stage.run(&["key", "list", "--json"]).json().as_array().unwrap().len(), 2);
}

#[test]
fn what_makes_no_key_says_why_and_makes_no_store() {
    let stage = Stage::new(&[("abide.toml", CONFIG)]);
    for (words, why) in [
        (vec!["key", "create", "two words"], "--customer"),
        (vec!["key", "create", ""], "1 to 100"),
        (vec!["key", "create", "app", "--expires", "2020-01-01"], "has passed"),
        (vec!["key", "create", "app", "--expires", "soon"], "90d"),
        (vec!["key", "create", "app", "--country", "no country"], "territory"),
    ] {
        let done = stage.run(&words);
        assert!(done.status == 2 && done.err.contains(why), "{}", done.text());
    }
    for words in [["key", "list", "--config", "abide.toml"], ["key", "revoke", "key_1", "--json"]] {
        let done = stage.run(&words);
        assert!(done.status == 1 && done.err.contains("is not there"), "{}", done.text());
    }
    assert!(!stage.path().join("store").exists());
}

#[test]
fn a_key_is_of_a_segment_and_country_that_the_agreements_know() {
    let book = example_book();
    let config = format!("{CONFIG}agreements = \"{}\"\n", book.display());
    let stage = Stage::new(&[("abide.toml", &config)]);
    for (words, why) in [
        (["--segment", "enterprise"], "no segment `enterprise`"),
        (["--country", "us"], "no country `us`"),
        (["--country", "USA"], "no country `USA`"),
    ] {
        let done = stage.run(&[&["key", "create", "app"][..], &words].concat());
        assert!(done.status == 2 && done.err.contains(why), "{}", done.text());
    }
    assert!(!stage.path().join("store").exists());
    let words = ["key", "create", "app", "--segment", "government/national-security", "--country", "US"];
    assert_eq!(stage.run(&words).status, 0);
}

#[test]
fn without_agreements_a_country_is_two_capitals_all_the_same() {
    let stage = Stage::new(&[("abide.toml", CONFIG)]);
    let done = stage.run(&["key", "create", "app", "--country", "usa"]);
    assert!(done.status == 2 && done.err.contains("`usa` is no country"), "{}", done.text());
    assert_eq!(stage.run(&["key", "create", "app", "--country", "US", "--segment", "any"]).status, 0);
}
