//! Snapshots: one thread changes a map, others read versions of it that never change under their eyes.
//!
//! ```sh
//! cargo run -p collections --example snapshots
//! ```

use std::sync::mpsc;
use std::thread;

use persistent_collections::HashMap;

const ACCOUNTS: u32 = 1_000;
const READERS: usize = 3;

fn main() {
    let mut accounts: HashMap<u32, i64> = (0..ACCOUNTS).map(|account| (account, 100)).collect();
    let total: i64 = accounts.values().sum();

    thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|_| {
                let (snapshots, received) = mpsc::channel::<HashMap<u32, i64>>();
                let reader = scope.spawn(move || {
                    let mut seen = 0;
                    for snapshot in received {
                        // The writer goes on meanwhile, but no transfer is half done in this version.
                        assert_eq!(snapshot.values().sum::<i64>(), total);
                        seen += 1;
                    }
                    seen
                });
                (snapshots, reader)
            })
            .collect();

        for step in 0..300 {
            let (from, to) = (step * 7 % ACCOUNTS, step * 13 % ACCOUNTS);
            *accounts.get_mut(&from).expect("there is such an account") -= 5;
            *accounts.get_mut(&to).expect("there is such an account") += 5;
            // A snapshot is a clone, and takes constant time.
            let (snapshots, _) = &readers[step as usize % READERS];
            snapshots.send(accounts.clone()).expect("the reader waits for snapshots");
        }

        for (snapshots, reader) in readers {
            drop(snapshots);
            let seen: usize = reader.join().expect("the reader found no fault");
            assert_eq!(seen, 300 / READERS);
            println!("a reader saw {seen} snapshots, each with a total of {total}");
        }
    });
}
