//! Passwords: which will do, how they are hashed, how they are compared.

mod acceptable;
mod common;
pub(crate) mod legacy;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        self,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};
use async_lock::Semaphore;
use entity::Secret;
use secrecy::{ExposeSecret as _, SecretString};

use self::{acceptable::acceptable, legacy::Legacy};
use crate::{Error, Result, World};

/// The fewest characters of a new password (ASVS 5, 6.2.1).
pub const SHORTEST: usize = 8;
/// The most characters of a password. ASVS 5, 6.2.9 asks for at least 64; the end is there so that
/// nobody makes the server hash a book.
pub const LONGEST: usize = 256;

/// A hash that [`Hasher::hash`] has made: a PHC string.
#[derive(Clone)]
pub struct Hashed(Secret);

impl Hashed {
    pub(crate) fn into_secret(self) -> Secret {
        self.0
    }
}

impl fmt::Debug for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hashed(..)")
    }
}

/// What comparing a password with a hash has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wrong,
    Right,
    /// Right, and hashed with less than new passwords are.
    RightButWeak,
}

/// Hashes passwords with Argon2id, a bounded number at once, in threads of their own.
///
/// Clones share the bound. The memory that all of it takes is the bound times the memory of one
/// hash, however many people log in: who comes later waits.
#[derive(Clone)]
pub struct Hasher {
    inner: Arc<Inner>,
}

struct Inner {
    params: Params,
    turns: Arc<Semaphore>,
    at_once: usize,
    /// The memory of the hashes that nobody makes just now, to be used again: the system's allocator
    /// keeps what it is given back in such pieces, once for each thread.
    memories: Mutex<Vec<Memory>>,
}

type Memory = Vec<Block>;

impl Hasher {
    /// With the parameters that OWASP's Password Storage Cheat Sheet gives first: 19 MiB, two
    /// passes, one lane; as many at once as the machine has processors, at most four.
    pub fn new() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self::of(Params::DEFAULT, processors.min(4))
    }

    /// With other parameters: KiB of memory (at least 8), passes (at least one), and how many at
    /// the same time (at least one). Fewer than [`new`](Self::new) has are for tests.
    ///
    /// # Panics
    /// When it asks for more than Argon2 knows: 4 TiB.
    pub fn with(memory: u32, passes: u32, at_once: usize) -> Self {
        let params = Params::new(memory.max(8), passes.max(1), 1, None);
        Self::of(params.expect("one lane fits into eight blocks"), at_once.max(1))
    }

    fn of(params: Params, at_once: usize) -> Self {
        let turns = Arc::new(Semaphore::new(at_once));
        let memories = Mutex::default();
        Self { inner: Arc::new(Inner { params, turns, at_once, memories }) }
    }

    /// The most memory that hashing takes at any time, in bytes.
    pub fn most_memory(&self) -> usize {
        self.inner.at_once * self.inner.params.block_count() * 1024
    }

    /// Hashes a new password. `names` are what the password must not be: the name and the e-mail
    /// address of the person.
    ///
    /// # Errors
    /// [`Error::WeakPassword`] for one that is too short, too long, one of the commonest, or, but
    /// for digits and signs around it, one of the names or that of the program.
    pub async fn hash(
        &self,
        world: &World,
        password: &SecretString,
        names: &[&str],
    ) -> Result<Hashed> {
        acceptable(password.expose_secret(), names)?;
        Ok(Hashed(self.rehash(world, password).await?))
    }

    /// Hashes a password that was found right, whatever is asked of new ones.
    pub(crate) async fn rehash(&self, world: &World, password: &SecretString) -> Result<Secret> {
        let mut salt = [0; 16];
        world.random.fill(&mut salt);
        let (password, params) = (password.clone(), self.inner.params.clone());
        let hashed = self
            .in_turn(move |memory| {
                let bytes = password.expose_secret().as_bytes();
                let method = (Algorithm::Argon2id, Version::V0x13);
                phc(method, &params, bytes, &salt, memory).map(|hash| hash.to_string())
            })
            .await;
        let hashed = hashed.map_err(|error| Error::WeakPassword { problem: error.to_string() })?;
        Ok(hashed.into())
    }

    /// Compares a password with a stored hash. Without a hash it takes the same time and is wrong,
    /// so that nobody learns by the clock who has a password here.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a hash that is none.
    pub(crate) async fn verify(
        &self,
        password: &SecretString,
        hash: Option<&Secret>,
    ) -> Result<Verdict> {
        if password.expose_secret().chars().count() > LONGEST {
            return Ok(Verdict::Wrong);
        }
        let (password, params) = (password.clone(), self.inner.params.clone());
        let Some(hash) = hash else {
            self.in_turn(move |memory| {
                let bytes = password.expose_secret().as_bytes();
                let _ =
                    phc((Algorithm::Argon2id, Version::V0x13), &params, bytes, &[0; 16], memory);
            })
            .await;
            return Ok(Verdict::Wrong);
        };
        let hash = hash.expose().to_owned();
        self.in_turn(move |memory| verdict(password.expose_secret(), &hash, &params, memory)).await
    }

    /// Does `work` in a thread of its own when it is its turn. Whoever gives up waiting does not
    /// end it: the turn belongs to the work, not to who waits for it.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> T {
        let turn = self.inner.turns.acquire_arc().await;
        let inner = self.inner.clone();
        blocking::unblock(move || {
            let memories = || inner.memories.lock().unwrap_or_else(PoisonError::into_inner);
            let mut memory = memories().pop().unwrap_or_default();
            let done = work(&mut memory);
            // A hash that was stored elsewhere may have taken more than is to be kept.
            if memory.len() <= inner.params.block_count() {
                memories().push(memory);
            }
            drop(turn);
            done
        })
        .await
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { params, at_once, .. } = &*self.inner;
        f.debug_struct("Hasher").field("params", params).field("at_once", at_once).finish()
    }
}

/// The hash of a password, made in `memory`, which grows to what it takes.
fn phc(
    (algorithm, version): (Algorithm, Version),
    params: &Params,
    password: &[u8],
    salt: &[u8],
    memory: &mut Memory,
) -> password_hash::Result<PasswordHash> {
    let blocks = params.block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::new());
    }
    let mut buffer = [0; Output::MAX_LENGTH];
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let out = buffer.get_mut(..length).ok_or(password_hash::Error::OutputSize)?;
    let argon2 = Argon2::new(algorithm, version, params.clone());
    argon2.hash_password_into_with_memory(password, salt, out, &mut memory[..blocks])?;
    Ok(PasswordHash {
        algorithm: algorithm.ident(),
        version: Some(version.into()),
        params: ParamsString::try_from(params)?,
        salt: Some(Salt::new(salt)?),
        hash: Some(Output::new(out)?),
    })
}

fn verdict(password: &str, stored: &str, params: &Params, memory: &mut Memory) -> Result<Verdict> {
    let malformed = || Error::Malformed {
        kind: "password",
        key: "hash".to_owned(),
        problem: "it is no PHC string of Argon2".to_owned(),
    };
    if Legacy::is_meant(stored) {
        // One that cannot be verified lets nobody in; a reset replaces it.
        let is_right = Legacy::read(stored).is_ok_and(|legacy| legacy.is_of(password));
        return Ok(if is_right { Verdict::RightButWeak } else { Verdict::Wrong });
    }
    let stored = PasswordHash::new(stored).map_err(|_| malformed())?;
    let own = Params::try_from(&stored).map_err(|_| malformed())?;
    let algorithm = Algorithm::try_from(stored.algorithm.as_str()).map_err(|_| malformed())?;
    let version = stored.version.map_or(Ok(Version::default()), Version::try_from);
    let method = (algorithm, version.map_err(|_| malformed())?);
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
        return Err(malformed());
    };
    let made = phc(method, &own, password.as_bytes(), salt, memory);
    // Outputs are compared in constant time.
    if made.ok().and_then(|made| made.hash).as_ref() != Some(expected) {
        return Ok(Verdict::Wrong);
    }
    let is_weak = algorithm != Algorithm::Argon2id
        || own.m_cost() < params.m_cost()
        || own.t_cost() < params.t_cost();
    Ok(if is_weak { Verdict::RightButWeak } else { Verdict::Right })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_does_not_depend_on_what_the_memory_was_used_for_before() {
        let method = (Algorithm::Argon2id, Version::V0x13);
        let params = |memory| Params::new(memory, 1, 1, None).expect("enough memory");
        let clean = phc(method, &params(64), b"one", &[7; 16], &mut Vec::new()).unwrap();
        let mut memory = Vec::new();
        phc(method, &params(256), b"other", &[8; 16], &mut memory).unwrap();

        let again = phc(method, &params(64), b"one", &[7; 16], &mut memory).unwrap();

        assert_eq!(again.to_string(), clean.to_string());
        assert_eq!(memory.len(), 256);
        let verdict = |password| {
            let stored = clean.to_string();
            verdict(password, &stored, &params(64), &mut memory.clone()).unwrap()
        };
        assert_eq!((verdict("one"), verdict("two")), (Verdict::Right, Verdict::Wrong));
    }
}
