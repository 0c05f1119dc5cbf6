//! nginx: any configuration is parsed, resolved, planned and reported.

use super::configuration;
use tlsmend::services::nginx;

pub fn run(bytes: &[u8]) {
    configuration::run(bytes, "/etc/nginx/nginx.conf", nginx::parse);
}
