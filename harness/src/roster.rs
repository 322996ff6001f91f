//! The roster: every contender of the lab, a line each.

use scenarios::Contender;

/// Every contender. `lab new` adds a line; a test compares it with the directories under `impls/`.
pub fn roster() -> Vec<Contender> {
    vec![
        flat_keys_btree_range::contender(),
        flat_keys_collect_and_sort::contender(),
        flat_keys_hash_map::contender(),
        flat_keys_lazy_keys::contender(),
        flat_keys_prefix_index::contender(),
        flat_keys_qp_trie::contender(),
        flat_keys_segment_tree::contender(),
        lru_cache_filter_list::contender(),
        lru_cache_hashlink::contender(),
        lru_cache_linked_map::contender(),
        lru_cache_lru::contender(),
        lru_cache_quick_cache::contender(),
        lru_cache_schnellru::contender(),
        lru_cache_sieve::contender(),
        lru_cache_slab_lru::contender(),
        pattern_index_globset::contender(),
        pattern_index_lazy_dfa::contender(),
        pattern_index_linear_scan::contender(),
        pattern_index_pattern_trie::contender(),
        pattern_index_regex_set::contender(),
        pattern_index_zenoh_keyexpr::contender(),
        persistent_map_chunkmap::contender(),
        persistent_map_hamt::contender(),
        persistent_map_hash_map::contender(),
        persistent_map_hash_map_copy::contender(),
        persistent_map_im::contender(),
        persistent_map_imbl::contender(),
        persistent_map_rpds::contender(),
        persistent_vector_array_copy::contender(),
        persistent_vector_im::contender(),
        persistent_vector_imbl::contender(),
        persistent_vector_rpds::contender(),
        persistent_vector_trie32::contender(),
        persistent_vector_vec::contender(),
    ]
}
