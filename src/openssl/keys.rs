//! The kinds of keys of a server.

/// The kinds of keys that a server has certificates for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keys(u16);

impl Keys {
    /// RSA
    pub const RSA: Keys = Keys(1);
    /// RSA that signs by PSS only (RSASSA-PSS): nothing before TLS 1.2 does, and it decrypts no keys.
    pub const PSS: Keys = Keys(1 << 1);
    /// DSA: nothing from TLS 1.3 on.
    pub const DSA: Keys = Keys(1 << 2);
    /// the elliptic curve P-256 (prime256v1)
    pub const P256: Keys = Keys(1 << 3);
    /// the elliptic curve P-384 (secp384r1)
    pub const P384: Keys = Keys(1 << 4);
    /// the elliptic curve P-521 (secp521r1)
    pub const P521: Keys = Keys(1 << 5);
    /// Another elliptic curve: few clients know it, and TLS 1.3 does not.
    pub const OTHER_CURVE: Keys = Keys(1 << 6);
    /// Ed25519
    pub const ED25519: Keys = Keys(1 << 7);
    /// Ed448
    pub const ED448: Keys = Keys(1 << 8);
    /// All elliptic curves of ECDSA.
    pub const EC: Keys = Keys::P256.union(Keys::P384).union(Keys::P521).union(Keys::OTHER_CURVE);
    /// Edwards curves.
    pub const ED: Keys = Keys::ED25519.union(Keys::ED448);
    /// Not known: one of those that servers usually have. No version is ruled out by the key.
    pub const ANY: Keys =
        Keys::RSA.union(Keys::P256).union(Keys::P384).union(Keys::P521).union(Keys::ED25519).union(Keys::ED448);

    /// The keys of both.
    #[must_use]
    pub const fn union(self, other: Keys) -> Keys {
        Keys(self.0 | other.0)
    }

    /// Those of both.
    #[must_use]
    pub const fn and(self, other: Keys) -> Keys {
        Keys(self.0 & other.0)
    }

    /// Those that are not of the other.
    #[must_use]
    pub const fn minus(self, other: Keys) -> Keys {
        Keys(self.0 & !other.0)
    }

    /// None?
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Is one of the others among them?
    pub const fn has(self, other: Keys) -> bool {
        self.0 & other.0 != 0
    }
}
