fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let t = std::time::Instant::now();
    let mut files: Vec<_> = std::fs::read_dir(&args[0])
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "rlib"))
        .collect();
    files.sort_by_key(|p| std::cmp::Reverse(p.metadata().unwrap().modified().unwrap()));
    if let Some(std) = args.get(1) {
        files.extend(
            std::fs::read_dir(std)
                .unwrap()
                .map(|e| e.unwrap().path())
                .filter(|p| p.extension().is_some_and(|e| e == "rlib")),
        );
    }
    let files = identity::Files::read(&files).unwrap();
    eprintln!("read {:?}", t.elapsed());
    let program = identity::Program::parse(&files).unwrap();
    eprintln!("parsed {:?}", t.elapsed());
    for root in std::io::stdin().lines() {
        let root = root.unwrap();
        match program.identity(&[&root]) {
            Ok(i) => println!("{} {} {} {root}", &i.hash[..16], i.functions, i.bytes),
            Err(e) => println!("{e}"),
        }
    }
    eprintln!("all {:?}", t.elapsed());
}
