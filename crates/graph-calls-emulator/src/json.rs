//! Members of JSON values, found and set without a panic.

use serde_json::Value;

/// What the pointer names, `null` where there is nothing.
pub(crate) fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// The items of the array that the pointer names; none where there is no array.
pub(crate) fn items<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    at(value, pointer).as_array().map_or(&[], Vec::as_slice)
}

/// Sets a member of an object.
pub(crate) fn set(object: &mut Value, name: &str, member: impl Into<Value>) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), member.into());
    }
}

/// Changes the items of a member that is an array.
pub(crate) fn with(object: &mut Value, name: &str, change: impl FnOnce(&mut Vec<Value>)) {
    if let Some(items) = object.get_mut(name).and_then(Value::as_array_mut) {
        change(items);
    }
}
