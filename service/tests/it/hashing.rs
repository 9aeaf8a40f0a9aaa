//! Hashing takes bounded memory, whatever the number of those who wait.

use std::time::Duration;

use futures_util::future::{join_all, select};
use secrecy::SecretString;
use service::{World, identity::password::Hasher};

#[test]
fn five_hundred_hashes_wait_for_two_places() {
    plimsoll::testing::block_on(async {
        let (world, hasher) = (World::system(), Hasher::with(64, 1, 2));
        assert_eq!(hasher.most_memory(), 2 * 64 * 1024);
        let password = SecretString::from("correct horse battery");

        let done = join_all((0..500).map(|_| hasher.hash(&world, &password, &[]))).await;

        assert!(done.iter().all(Result::is_ok));
    });
}

#[test]
fn whoever_gives_up_waiting_leaves_the_place_to_the_next() {
    plimsoll::testing::block_on(async {
        let (world, hasher) = (World::system(), Hasher::with(4096, 4, 1));
        let password = SecretString::from("correct horse battery");
        for _ in 0..20 {
            let hash = std::pin::pin!(hasher.hash(&world, &password, &[]));
            let limit = futures_timer::Delay::new(Duration::from_millis(1));
            drop(select(hash, limit).await);
        }

        hasher.hash(&world, &password, &[]).await.unwrap();
    });
}

#[test]
fn what_is_no_password_is_refused_and_not_repeated() {
    plimsoll::testing::block_on(async {
        let (world, hasher) = (World::system(), Hasher::with(8, 1, 1));
        let names = ["ana", "ana@example.org"];
        for wrong in ["", "geheim!", "ANA@example.org", "Password1", &"geheim".repeat(50)] {
            let refused = hasher.hash(&world, &wrong.into(), &names).await.unwrap_err();

            assert_eq!(refused.code(), "SRV0023");
            assert!(!refused.to_string().contains("geheim"), "{refused}");
        }
        for right in ["        ", "42424242 42", "🚢🚢🚢🚢🚢🚢🚢🚢", &"x".repeat(256)]
        {
            hasher.hash(&world, &right.into(), &names).await.unwrap();
        }
    });
}
