//! tlsmend audits and mends the TLS protocol versions that the services of a host accept.

pub mod edit;
pub mod endpoint;
pub mod finding;
pub mod host;
pub mod instance;
pub mod openssl;
pub mod policy;
pub mod release;
pub mod report;
pub mod services;
pub mod source;
pub mod system;
pub mod tls;
