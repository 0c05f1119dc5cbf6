//! What is known of the host's software, in rows.

use super::line;
use crate::report::FactsView;
use crate::report::facts::Known;

/// Name, value and source of each fact.
pub(super) fn rows(view: &FactsView) -> Vec<(String, String, String)> {
    let mut rows = vec![
        row("distribution", &view.distribution, |ids| ids.join(", ")),
        row("init system", &view.init, Clone::clone),
    ];
    for server in view.servers.iter().filter(|server| !server.is_absent()) {
        let of = |what: &str| format!("{}: {what}", server.title);
        rows.push(row(&of("version"), &server.version, Clone::clone));
        rows.push(row(&of("TLS library"), &server.library, Clone::clone));
        rows.push(row(&of("security level"), &server.security_level, u8::to_string));
        rows.push(row(&of("can speak"), &server.versions, ToString::to_string));
        rows.push(row(&of("started by"), &server.manager, Clone::clone));
        for main in &server.main_files {
            rows.push((of("main file"), line(&main.path), line(&main.source)));
        }
    }
    rows
}

fn row<T>(name: &str, known: &Known<T>, show: impl Fn(&T) -> String) -> (String, String, String) {
    let value = known.value.as_ref().map_or_else(|| "unknown".to_owned(), show);
    (name.to_owned(), line(&value), line(&known.source))
}
