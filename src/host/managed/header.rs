//! What the comments at the head of a file say of who writes it.
//!
//! Programs that write configurations say so in a hundred wordings, of which three things are common: that the file was
//! generated, that it is not to be edited, or that what somebody changes gets lost. Each sentence is looked at by itself,
//! and it has to be about the file: "do not edit the certificate paths" is the note of a colleague.

use regex::Regex;
use std::sync::LazyLock;

/// Wordings that warn of changes; a sentence is in lower case, with single blanks.
const WARNINGS: [&str; 12] = [
    // What is changed gets lost.
    r"\b(?:changes?|edits?|modifications?|modifying|customi[sz]ations?|additions?|anything|everything|it)\b.{0,100}\b(?:will|may|might|would|could|can|shall|are|is|gets?|to) (?:be |get |then |all |automatically )*(?:lost|overwritten|overridden|over-written|deleted|erased|removed|reverted|discarded|replaced|undone|wiped|reset|clobbered|destroyed|thrown away)\b",
    r"\b(?:changes?|edits?|modifications?)\b.{0,60}\b(?:not|n't) (?:be )?(?:persist|preserved?|kept|survive|saved)",
    r"\b(?:file|config|configuration|it) (?:is|gets|will be|may be|might be|was) (?:\w+ )?(?:overwritten|re-?generated|re-?created|rebuilt|rewritten)\b",
    r"\b(?:will|may|might) (?:\w+ )?(?:overwrite|regenerate|revert|replace|discard) (?:it|this|any|all|your|the|local|manual)\b",
    // It is not to be edited.
    r"\b(?:do not|don't|dont|never|must not|should not|not to be|please avoid) (?:manually |directly |ever |be |by hand |change,? |edit,? |or |and |hand-?){0,4}(?:edit|edited|editing|modify|modified|modifying|change|changed|alter|altered|touch)(?: (?:or|and|/) \w+)?(?:$| ?[-!:;,(*]| (?:this|the) (?:\w+ )?(?:file|config|configuration|vhost|virtual host|template)\b| (?:it|me|here|anything|manually|directly|by hand|on (?:the|this) (?:server|host|machine))\b)",
    r"\b(?:manual|direct|local|hand) (?:changes|edits|modifications|editing) (?:are|is) (?:not|never|strongly|highly)\b",
    // The same in other languages.
    r"(?:automatisch|maschinell) (?:generiert|erzeugt|erstellt|verwaltet|geschrieben)|nicht (?:manuell |von hand |direkt )?(?:bearbeiten|ändern|editieren|verändern|anpassen)|(?:änderungen|anpassungen)\b.{0,80}(?:überschrieben|verloren|gelöscht|verworfen)",
    r"(?:généré|créé|géré)e? (?:automatiquement|par)|ne (?:pas|jamais) (?:modifier|éditer|changer|toucher)|ne (?:modifiez|éditez) pas|(?:modifications|changements)\b.{0,80}(?:perdue?s|écrasée?s|supprimée?s|remplacée?s)",
    r"(?:generad|cread|gestionad)[oa] (?:automáticamente|automaticamente|por)|no (?:editar|modificar|edite|modifique|cambiar|tocar)\b|cambios\b.{0,80}(?:perder|perdid|sobrescri|eliminad|borrad)",
    r"(?:generat|gestit|creat)[oa] (?:automaticamente|da)\b|non (?:modificare|editare|toccare)\b|modifiche\b.{0,80}(?:perse|sovrascritt|cancellat)|gerad[oa] automaticamente|não (?:edite|editar|modifique|modificar|altere|alterar)\b|alterações\b.{0,80}(?:perdid|sobrescrit|sobreescrit)",
    r"automatisch (?:gegenereerd|aangemaakt|beheerd)|niet (?:handmatig |zelf )?(?:bewerken|wijzigen|aanpassen)|wijzigingen\b.{0,80}(?:overschreven|verloren|verwijderd)|(?:wygenerowan|utworzon)\w+ (?:automatycznie|przez)|nie (?:edytuj|modyfikuj|zmieniaj)|zmiany\b.{0,80}(?:utracone|nadpisane|usunięte)",
    r"автоматически (?:создан|сгенерирован|генерируется)|(?:создан|сгенерирован)\w* автоматически|не (?:редактир|изменяй|меняй|правь)|изменения\b.{0,80}(?:потеря|утеря|перезапис|удален)|请勿(?:手动)?(?:编辑|修改)|不要(?:手动)?(?:编辑|修改)|自动生成|自動生成|自動的に生成|編集しないで|変更しないで",
];

/// Wordings that say where the file comes from: the file, or the sentence begins with that.
const ORIGINS: [&str; 4] = [
    r"(?:^|\bthis |\bthe |\bthis is an? )(?:\w+ ){0,3}(?:file|config|configuration|vhost|virtual host|template)s? (?:is|was|has been|are) (?:\w+ ){0,2}(?:auto|generated|managed|maintained|created|written|controlled|produced|provisioned|deployed|rendered)(?:-?(?:matically|generated|created|magically))? ?(?:\w+ )?(?:by|from|with|using|via|through|automatically|$)",
    r"^(?:[-!*#=~ ]|warning|note|attention|notice|important|file|config|configuration|nginx|apache|:)*(?:auto|automatically|automagically|dynamically|machine|programmatically)[- ]?(?:generated|created|written|managed|maintained|configured)\b",
    r"^(?:[-!*#=~ ]|warning|note|attention|notice|important|file|config|configuration|nginx|apache|:)*(?:generated|managed|maintained|controlled|provisioned|deployed|rendered) (?:automatically |dynamically )?(?:by|with|from|using|via)\b",
    r"\bthis is an? (?:\w+ ){0,2}(?:auto|automatically|machine)[- ]?generated\b",
];

/// Words of people who write files: what they maintain or managed to do is theirs to edit. And pages that write a
/// configuration for somebody to copy.
const PEOPLE: &str = r"\bby (?:hand|me|us|the .{0,30}(?:team|department|admins?|administrators?|ops|group)|ops|sysadmins?|admins?|administrators?|root|humans?)\b|\b(?:nginxconfig\.io|ssl-config\.mozilla\.org|mozilla|digitalocean)\b";

static WARNS: LazyLock<Vec<Regex>> = LazyLock::new(|| WARNINGS.iter().filter_map(|w| Regex::new(w).ok()).collect());
static COMES_FROM: LazyLock<Vec<Regex>> = LazyLock::new(|| ORIGINS.iter().filter_map(|w| Regex::new(w).ok()).collect());
static BY_PEOPLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(PEOPLE).ok());

/// Do these comments say that a program writes the file? In lower case, a comment a line, without marks.
pub(super) fn says_generated(comments: &str) -> bool {
    let whole = comments.split_whitespace().collect::<Vec<_>>().join(" ");
    // A sentence may go over several lines; a line may be one without a full stop.
    let sentences = split(&whole).chain(comments.lines().flat_map(split));
    sentences.map(str::trim).any(|sentence| {
        let fits = |wordings: &[Regex]| wordings.iter().any(|wording| wording.is_match(sentence));
        let by_people = || BY_PEOPLE.as_ref().is_some_and(|people| people.is_match(sentence));
        fits(&WARNS) || fits(&COMES_FROM) && !by_people()
    })
}

/// The sentences of a text. A full stop in a name ends none.
fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(". ")
        .flat_map(|part| part.split_inclusive(['!', '?', '。']))
        .map(|part| part.trim_end_matches(['.', ' ']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_programs() {
        for text in [
            "do not manually edit this file, all changes will be deleted after the next domain change at the panel.",
            "auto generated apache config file by directadmin version 1.63.1\nmodifying this file is not recommended as any changes you make will be\noverwritten when the user makes any changes to their website",
            "do not edit. automatically generated. if you need to make a change please use the include files.",
            "this file is managed by gitlab-ctl. manual changes will be\nerased! to change the contents below, edit /etc/gitlab/gitlab.rb",
            "!!do not modify this file!!\nmanual changes will be lost when this file is regenerated.",
            "do not modify, all changes will be lost after an wordops (wo) update",
            "please don't modify this file as your changes might be overwritten",
            "this file is generated from information provided by the datasource. changes\nto it will not persist across an instance reboot.",
            "!!! this file is maintained by configuration management. local changes will be reverted !!!",
            "this file is automatically generated by mail-in-a-box. do not edit it.",
            "version 33 - do not remove this line\ndo not edit! this file is overwritten on upgrade",
            "keyhelp\ndo not edit!",
            "do not edit this file. editing this file manually might break runcloud system.",
            "this file is re-created when nginx starts.",
            "file managed with puppet",
            "generated by gridpane",
            "nginx config automatically generated",
            "autogenerated file",
            "this is an autogenerated file.",
            "any edits made here are lost on the next deployment",
            "your edits will get overwritten",
            "running the installer will overwrite any manual change",
            "this configuration file was created by the foo-installer and is not to be edited by hand",
            "do not edit or remove: provisioned from git",
            "don't touch this file",
            "never edit this config on the server",
            "diese datei wird automatisch erzeugt. änderungen werden überschrieben.",
            "nicht von hand bearbeiten!",
            "ne pas modifier ce fichier, vos modifications seront perdues",
            "no editar: generado automáticamente",
            "non modificare questo file",
            "não edite este arquivo",
            "niet handmatig aanpassen",
            "не редактируйте этот файл",
            "请勿手动修改此文件",
        ] {
            assert!(says_generated(text), "{text}");
        }
    }

    #[test]
    fn notes_of_people() {
        for text in [
            "edited by hand, please keep. do not edit the certificate paths without asking ops",
            "the upstream list is generated by deploy.sh and written to upstreams.conf",
            "my site",
            "maintained by the web team",
            "managed by ops, ask before you change tls",
            "with an automatically generated certificate",
            "generated 2024-01-01, mozilla guideline v5.7, nginx 1.17.7, openssl 1.1.1k, intermediate configuration",
            "generated by nginxconfig.io",
            "this file is included by nginx.conf",
            "when you change this file, reload nginx",
            "change the port here if it is taken",
            "certificates are managed by certbot",
            "do not remove the next line",
            "forge config (do not remove!)",
            "ssl parameters were changed after the audit",
            "the default site is replaced when a domain is added",
            "this is the main apache server configuration file. it contains the configuration directives that give the server its instructions.",
            "note that from this point forward you must specifically allow particular features to be enabled",
            "you should look at the following url's in order to grasp a solid understanding of nginx configuration files",
            "in most cases, administrators will remove this file from sites-enabled/ and leave it as reference",
            "written by the person before me",
        ] {
            assert!(!says_generated(text), "{text}");
        }
    }
}
