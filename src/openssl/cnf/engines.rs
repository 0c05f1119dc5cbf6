//! `engines`: an engine that can't be loaded ends the loading (`int_engine_configure` in `eng_cnf.c`).

use super::modules::{Host, Trouble, behind_dot, missing};
use super::sections::{Entry, Sections};
use std::path::Path;

const FOLDERS: &[&str] = &["engines-3", "engines-1.1"];

/// Can all of them be loaded? Whether an engine that is there works is not known.
pub(crate) fn check(
    sections: &Sections,
    entries: &[(String, &Entry)],
    host: Host<'_>,
    doubts: &mut Vec<String>,
) -> Result<(), Trouble> {
    if host.circumstances.release.is_some_and(|release| release >= crate::release::Release::new(4, 0, 0)) {
        doubts.extend(entries.first().map(|(_, entry)| format!("{}: OpenSSL 4 has no engines", entry.place)));
    }
    for (name, entry) in entries {
        let settings = sections.in_order(&entry.value).ok_or_else(|| Trouble::at(entry, missing(entry)))?;
        let mut engine = behind_dot(name).to_owned();
        let mut is_soft = false;
        for (name, setting) in settings {
            let value = setting.text();
            match behind_dot(&name) {
                "engine_id" => engine = value,
                "soft_load" => is_soft = true,
                "dynamic_path" if host.system.kind(Path::new(&value)).is_err() => {
                    return Err(Trouble::at(setting, format!("there is no file {value}")));
                }
                "dynamic_path" => {
                    doubts.push(format!("{}: whether the engine {value} can be loaded", setting.place));
                    break;
                }
                _ => match host.has_module(FOLDERS, &engine) {
                    _ if engine == "dynamic" => {}
                    Some(false) if is_soft => break,
                    // Built into some libraries, where the processor has it.
                    Some(false) if engine != "rdrand" => {
                        return Err(Trouble::at(setting, format!("there is no engine {engine}")));
                    }
                    _ => {
                        doubts.push(format!("{}: whether the engine {engine} can be loaded", setting.place));
                        break;
                    }
                },
            }
        }
    }
    Ok(())
}
