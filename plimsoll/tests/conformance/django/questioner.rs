//! `tests/migrations/test_questioner.py`.

use crate::class::{Class, classes};

classes!(questioner, questioner_helper_methods);

const FILE: &str = "tests/migrations/test_questioner.py";
const TERMINAL: &str = "questions/terminal.rs";

fn questioner() -> Class {
    Class::django(FILE, "QuestionerTests")
        .does_not_apply(
            "no migration is the first of an app, which somebody is asked about: there is one list",
            ["ask_initial_with_disabled_migrations"],
        )
        .shown_by(
            "ask_not_null_alteration",
            "draft/values.rs",
            "rows_without_a_value_get_one_where_null_is_taken_no_more",
        )
        .shown_by(
            "ask_not_null_alteration_not_provided",
            TERMINAL,
            "what_is_chosen_to_go_goes_and_the_migration_says_so",
        )
}

fn questioner_helper_methods() -> Class {
    let again = "a_value_that_does_not_fit_is_asked_for_again_with_the_reason";
    Class::django(FILE, "QuestionerHelperMethodsTests")
        .shown_by("questioner_no_default_no_user_entry", TERMINAL, again)
        .shown_by(
            "questioner_no_default_keyboard_interrupt",
            TERMINAL,
            "an_interrupt_ends_it_and_nothing_is_written",
        )
        .shown_by("questioner_bad_user_choice", TERMINAL, "nonsense_is_asked_about_again")
        .shown_by(
            "questioner_no_choice_keyboard_interrupt",
            TERMINAL,
            "an_interrupt_ends_it_and_nothing_is_written",
        )
        .does_not_apply(
            "what is typed is a value of the column, and no code that is run",
            [
                "questioner_default_timedelta",
                "questioner_no_default_syntax_error",
                "questioner_no_default_name_error",
                "questioner_no_default_attribute_error",
            ],
        )
        .does_not_apply(
            "no question has an answer that is taken when nothing is typed",
            ["questioner_default_no_user_entry", "questioner_default_no_user_entry_boolean"],
        )
        .does_not_apply(
            "no question is answered with yes or no but that of a confirmation, which asks once",
            ["questioner_no_default_no_user_entry_boolean"],
        )
}
