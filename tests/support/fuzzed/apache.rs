//! Apache: any configuration is parsed, resolved, planned and reported.

use super::configuration;
use tlsmend::services::apache;

pub fn run(bytes: &[u8]) {
    configuration::run(bytes, "/etc/apache2/apache2.conf", apache::parse);
}
