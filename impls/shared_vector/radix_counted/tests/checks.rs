//! It keeps the contract.

#[test]
fn every_check_of_the_bottleneck_passes() {
    testkit::every_check_passes(&shared_vector_radix_counted::contender());
}
