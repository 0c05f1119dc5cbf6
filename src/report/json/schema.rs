//! The schemas, generated from what is written. `docs/schemas` has them; a test holds that.

use super::document::{Body, Document};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// A shape of JSON.
#[derive(Debug)]
pub struct Shape {
    /// The name of its schema: `audit`.
    pub name: &'static str,
    schema: fn() -> Value,
}

impl Shape {
    pub(super) const fn of<T: JsonSchema>(name: &'static str) -> Shape {
        Shape { name, schema: generate::<T> }
    }

    pub(super) const fn of_body<T: Body>(name: &'static str) -> Shape {
        Shape { name, schema: generate::<Document<'_, T>> }
    }

    /// Its schema, as a document.
    pub fn text(&self) -> String {
        let mut schema = (self.schema)();
        // `tlsmend/audit/1` is `urn:tlsmend:audit:1`.
        let title = schema["properties"]["schema"]["const"].clone();
        if let (Some(title), Some(object)) = (title.as_str(), schema.as_object_mut()) {
            object.insert("$id".to_owned(), format!("urn:{}", title.replace('/', ":")).into());
            object.insert("title".to_owned(), title.into());
        }
        // Whether the maps of `serde_json` keep an order or not.
        schema.sort_all_objects();
        format!("{schema:#}\n")
    }
}

fn generate<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>().to_value()
}
