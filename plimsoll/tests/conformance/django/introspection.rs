//! `tests/introspection/tests.py`.

use crate::class::{Class, classes};

classes!(introspection);

fn introspection() -> Class {
    let model = "what_the_model_has_is_read_with_all_that_belongs_to_it";
    let types = "one_of_each_type_and_default_is_read_as_it_was_written";
    let file = "migrate/introspect.rs";
    let beyond = "what_the_model_has_no_place_for_is_told";
    Class::django("tests/introspection/tests.py", "IntrospectionTests")
        .shown_by("table_names", file, model)
        .shown_by("table_names_with_views", file, beyond)
        .shown_by("sequence_list", "migrate/false_diffs.rs", "ways_to_count_up")
        .shown_by("get_table_description_names", file, model)
        .shown_by("get_table_description_types", file, types)
        .shown_by("get_table_description_col_lengths", file, types)
        .shown_by("get_table_description_nullable", file, types)
        .shown_by("bigautofield", "migrate/false_diffs.rs", "ways_to_count_up")
        .shown_by("smallautofield", "migrate/false_diffs.rs", "ways_to_count_up")
        .shown_by("db_comments", file, model)
        .shown_by("postgresql_real_type", "migrate/false_diffs.rs", "the_names_of_floating_points")
        .shown_by("get_relations", file, model)
        .shown_by("get_primary_key_column", file, model)
        .shown_by("get_constraints_index_types", file, model)
        .shown_by(
            "get_constraints_indexes_orders",
            "migrate/false_diffs/tables.rs",
            "the_direction_of_an_index",
        )
        .shown_by("get_constraints_unique_indexes_orders", file, model)
        .shown_by("get_constraints", file, model)
        .does_not_apply(
            "it is about the list of the program's own classes",
            [
                "django_table_names",
                "django_table_names_retval_type",
                "unmanaged_through_model",
                "installed_models",
            ],
        )
}
