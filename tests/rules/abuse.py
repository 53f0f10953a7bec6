"""The abuse cases we know, each with the tests that try it, or the reason why none does.

docs/security.md shows this list; tests/rules/test_abuse.py holds both together and checks that every test named exists.
Numbers never change: tests, commits and the document refer to them.
"""

from __future__ import annotations

from dataclasses import dataclass

MATRIX, HEADERS, OPERATION = "tests/web/test_matrix.py", "tests/web/test_headers.py", "tests/web/test_operation.py"
SOCKET, LIVE, TEXTS = "tests/realtime/test_abuse.py", "tests/realtime/test_text.py", "tests/services/test_texts.py"
LIVE_ROOMS = "tests/realtime/test_rooms.py"
VALIDATION, RATING = "tests/services/test_validation.py", "tests/web/test_rating.py"
RESULTS, API = "tests/web/test_results.py", "tests/web/test_api.py"
DOOR, SIGNING = "tests/web/test_accounts.py", "tests/services/test_signing_in.py"
PEOPLE, BACKUPS = "tests/services/test_memberships.py", "tests/services/test_backups.py"
RACES, WORKER = "tests/services/test_races.py", "tests/services/test_worker.py"
WORDS, MARKUP = "tests/e2e/test_hostile_words.py", "tests/unit/test_markup.py"
CHANGES, WORD = "tests/unit/test_changes.py", "tests/unit/test_word.py"
WORDREADING = "tests/unit/test_wordreading.py"
IMPORTS = "tests/services/test_imports.py"
RETURNS = "tests/services/test_returns.py"
VERSIONS, POLLS = "tests/services/test_versions.py", "tests/services/test_polls.py"
ITEMS, HISTORY = "tests/services/test_items.py", "tests/services/test_history.py"
MEETINGS, RULES = "tests/services/test_meetings.py", "tests/rules/test_abuse.py"
EVIDENCE, ROOMS = "tests/services/test_evidence.py", "tests/web/test_meetings.py"
OUTSIDERS = f"{MATRIX}::test_outsiders_find_nothing_and_change_nothing"
ELSEWHERE = f"{MATRIX}::test_nothing_is_done_for_a_page_of_elsewhere"
PAGES = f"{MATRIX}::test_no_page_breaks_and_none_names_an_expert"
CRAWL = "tests/web/test_pseudonymity.py::test_nothing_that_the_group_can_reach_tells_who_an_expert_is"


@dataclass(frozen=True)
class Abuse:
    """What somebody tries, and ``tests`` that try it too; else why it is ``absent``, or with what it is ``due``."""

    number: int
    what: str
    tests: tuple[str, ...] = ()
    absent: str = ""
    due: str = ""


def tried(number: int, what: str, *tests: str, due: str = "") -> Abuse:
    return Abuse(number, what, tests=tests, due=due)


def absent(number: int, what: str, why: str) -> Abuse:
    return Abuse(number, what, absent=why)


def later(number: int, what: str, capability: str) -> Abuse:
    return Abuse(number, what, due=capability)


PARTS: tuple[tuple[str, tuple[Abuse, ...]], ...] = (
    (
        "Objects and roles",
        (
            tried(
                1,
                "read another group's objects by their ids",
                OUTSIDERS,
                f"{MATRIX}::test_programs_of_outsiders_find_nothing",
            ),
            tried(
                2,
                "change or delete another group's objects",
                OUTSIDERS,
                f"{MATRIX}::test_programs_of_outsiders_find_nothing",
            ),
            tried(
                3,
                "send one's own group together with a foreign id",
                OUTSIDERS,
                f"{MATRIX}::test_ids_of_another_group_in_a_form_of_ones_own_are_refused",
                f"{EVIDENCE}::test_findings_of_one_group_never_meet_items_of_another",
            ),
            tried(
                4,
                "hang a foreign object under one's own group in an address",
                OUTSIDERS,
                f"{ROOMS}::test_foreign_sessions_do_not_exist",
            ),
            tried(
                5,
                "find foreign or withdrawn things in lists and counts",
                OUTSIDERS,
                f"{API}::test_what_is_foreign_is_not_found",
            ),
            tried(6, "restore or bring back what is foreign", OUTSIDERS, f"{HISTORY}::test_refusals"),
            tried(
                7,
                "read in the activity what one may not open",
                f"{RACES}::test_the_panels_lines_are_for_the_panel_manager",
            ),
            tried(8, "join a foreign room of the live server", f"{SOCKET}::test_8_9_10_rooms_and_texts_of_others"),
            tried(
                9, "send changes of a text that was never opened", f"{SOCKET}::test_8_9_10_rooms_and_texts_of_others"
            ),
            tried(10, "name another text than the one opened", f"{SOCKET}::test_8_9_10_rooms_and_texts_of_others"),
            tried(11, "push text with a right to read only", f"{SOCKET}::test_11_65_readers_and_forged_marks"),
            tried(
                12,
                "go on writing after removal from the group",
                f"{LIVE}::test_who_is_locked_out_removed_or_signed_out_is_cut_off_within_a_second",
                f"{TEXTS}::test_a_removed_or_demoted_person_pushes_no_more",
            ),
            tried(
                13,
                "go on as facilitator after being made a member",
                f"{PEOPLE}::test_a_demotion_takes_effect_with_the_next_request",
                f"{TEXTS}::test_a_removed_or_demoted_person_pushes_no_more",
            ),
            tried(
                14,
                "keep a socket open after signing out elsewhere",
                f"{LIVE}::test_who_is_locked_out_removed_or_signed_out_is_cut_off_within_a_second",
            ),
            tried(
                15,
                "outlive a sign-in that expires while only a socket is in use",
                f"{RACES}::test_a_sign_in_ends_on_open_sockets_too_when_its_time_is_over",
            ),
            tried(16, "connect with an old cookie or session id", f"{SOCKET}::test_14_16_38_who_may_connect"),
            tried(
                17,
                "replay offline edits after removal",
                f"{TEXTS}::test_a_removed_or_demoted_person_pushes_no_more",
                "tests/unit/test_text_scripts.py::test_the_browsers_half_of_live_text",
            ),
            tried(
                18,
                "use a facilitator's or panel manager's actions as a member",
                f"{ITEMS}::test_agreed_items_belong_to_facilitators",
                f"{PEOPLE}::test_only_facilitators_invite_and_only_newcomers",
                f"{VERSIONS}::test_locking_needs_a_right_and_a_ground",
            ),
            tried(19, "use a role of one group in another", OUTSIDERS),
            tried(
                20,
                "set ids, roles, authors or times by sending them along",
                f"{MATRIX}::test_what_a_form_says_of_ids_roles_and_times_is_not_believed",
                f"{API}::test_bodies_are_taken_strictly",
            ),
            tried(
                21,
                "leave a group without a facilitator",
                f"{PEOPLE}::test_a_group_keeps_a_facilitator",
                f"{RACES}::test_two_facilitators_who_remove_each_other_leave_one",
            ),
            tried(22, "change things by other verbs", f"{HEADERS}::test_verbs_play_no_tricks"),
            tried(
                23,
                "break the server by odd JSON, numbers and characters",
                f"{API}::test_bodies_are_taken_strictly",
                f"{MATRIX}::test_no_form_breaks",
                f"{HEADERS}::test_refusals_are_armoured_too_and_each_has_an_id",
            ),
            tried(
                24,
                "store a value that a list does not hold",
                f"{MATRIX}::test_no_form_breaks",
                f"{VALIDATION}::test_the_database_refuses_it_too",
            ),
        ),
    ),
    (
        "Experts' links and rounds",
        (
            tried(
                25,
                "use a link after close, deadline or withdrawal",
                f"{RATING}::test_after_close_or_revoke_every_page_is_the_same_kind_one",
                f"{VALIDATION}::test_withdrawing_and_being_taken_off_end_the_link_and_the_answers",
            ),
            tried(
                26,
                "use a link of one round in another",
                f"{MATRIX}::test_a_link_of_one_round_is_worth_nothing_in_another",
            ),
            tried(
                27,
                "win time at the deadline by one's own clock",
                f"{VALIDATION}::test_the_servers_clock_decides_about_the_deadline_and_the_worker_closes",
                f"{API}::test_the_servers_clock_decides_the_deadline",
            ),
            tried(
                28,
                "score off the scale",
                f"{VALIDATION}::test_a_score_off_the_scale_is_refused",
                f"{VALIDATION}::test_the_database_refuses_it_too",
                f"{API}::test_an_experts_token_puts_ratings_and_opens_nothing_else",
            ),
            tried(
                29,
                "rate unknown or foreign items",
                f"{API}::test_an_experts_token_puts_ratings_and_opens_nothing_else",
                f"{MATRIX}::test_an_experts_link_opens_that_experts_pages_only",
            ),
            tried(
                30, "send one answer many times at once", f"{RACES}::test_fifty_submissions_of_one_answer_leave_one_row"
            ),
            tried(
                31,
                "send a list of ratings twice",
                f"{VALIDATION}::test_many_answers_at_once_are_all_or_nothing_and_the_same_twice",
            ),
            tried(
                32,
                "guess links, tokens and codes",
                f"{API}::test_guessing_tokens_is_slowed_down",
                f"{HEADERS}::test_guessing_links_is_slowed_down_and_none_travels_as_referrer",
                f"{ROOMS}::test_wrong_codes_run_out",
                f"{RACES}::test_secrets_are_long_and_keys_are_apart",
            ),
            tried(
                33,
                "learn who is invited from what a page answers",
                f"{RATING}::test_a_lost_link_page_says_the_same_to_everyone",
                f"{DOOR}::test_known_and_unknown_addresses_get_the_same_answer",
            ),
            tried(
                34,
                "catch a link by Referer or a picture from elsewhere",
                f"{RATING}::test_looking_at_a_link_changes_nothing_and_continue_leads_to_a_clean_address",
                f"{WORDS}::test_no_word_comes_alive_anywhere",
                f"{HEADERS}::test_guessing_links_is_slowed_down_and_none_travels_as_referrer",
            ),
            tried(
                35,
                "find a link in the browser's history or cache",
                f"{RATING}::test_looking_at_a_link_changes_nothing_and_continue_leads_to_a_clean_address",
                f"{HEADERS}::test_every_page_is_armoured_and_kept_by_nobody",
            ),
            tried(
                36,
                "use a link up by a mail scanner's look",
                "tests/web/test_notifications.py::test_a_mail_says_how_to_stop_it_and_a_mail_program_can",
                f"{RATING}::test_looking_at_a_link_changes_nothing_and_continue_leads_to_a_clean_address",
                f"{DOOR}::test_looking_at_a_link_uses_nothing_up",
            ),
            tried(
                37,
                "read tokens, addresses or passwords in logs, jobs or the database",
                f"{OPERATION}::test_the_log_tells_what_happened_and_no_secret",
                f"{OPERATION}::test_redaction",
                f"{VALIDATION}::test_links_are_stored_as_hashes_and_mails_are_made_when_they_are_sent",
                f"{WORKER}::test_a_sent_mail_leaves_neither_link_nor_address",
                f"{BACKUPS}::test_without_the_keys_links_die_and_answers_have_no_names",
            ),
            tried(38, "open a socket with an expert's link", f"{SOCKET}::test_14_16_38_who_may_connect"),
            tried(
                39,
                "look into the group with an expert's link",
                f"{RATING}::test_an_expert_sees_the_frozen_words_and_nothing_of_the_group",
                f"{MATRIX}::test_an_experts_link_opens_that_experts_pages_only",
            ),
            tried(
                40,
                "change answers when that is over",
                f"{VALIDATION}::test_sending_needs_every_answer_and_allows_changes_until_close",
            ),
            later(41, "sit on a panel twice by an address with a tag", "panels in depth"),
            tried(
                42,
                "sit on the panel of one's own group unnoticed",
                f"{RACES}::test_an_expert_who_is_of_the_group_is_disclosed",
            ),
            tried(
                43,
                "open one door with another door's token",
                f"{SIGNING}::test_tokens_of_one_purpose_open_no_other_door",
                f"{RATING}::test_a_forged_or_outdated_cookie_opens_nothing",
            ),
        ),
    ),
    (
        "Pseudonymity",
        (
            tried(
                44,
                "find an expert's name in a page, file or its properties",
                CRAWL,
                PAGES,
                f"{VALIDATION}::test_no_identity_and_no_code_is_part_of_a_report",
                f"{WORD}::test_the_properties_name_the_text_and_no_person",
            ),
            tried(
                45,
                "single out people in small groups",
                f"{VALIDATION}::test_small_groups_are_withheld_with_what_would_give_them_away",
                f"{RESULTS}::test_small_groups_are_withheld_everywhere",
                "tests/services/test_bundles.py::test_no_row_is_told_apart_by_who_is_known_to_have_answered",
            ),
            tried(
                46,
                "subtract figures before and after one answer",
                f"{VALIDATION}::test_nothing_is_known_before_close",
                f"{API}::test_nothing_of_a_round_is_told_before_it_closes",
            ),
            absent(
                47,
                "subtract figures before and after a late change",
                "figures are computed once, when a round closes, and never again",
            ),
            tried(
                48,
                "read the order of answers from ids, times or files",
                CRAWL,
                f"{RATING}::test_what_was_written_one_after_the_other_is_not_numbered_so",
                "tests/services/test_bundles.py::test_nobody_is_named_and_small_groups_are_left_out",
            ),
            tried(49, "see in live hints who has just answered", f"{RULES}::test_hints_name_topics_only"),
            tried(
                50,
                "learn from reminders who has not answered",
                f"{RACES}::test_the_panels_lines_are_for_the_panel_manager",
                PAGES,
            ),
            tried(
                51,
                "follow a pseudonym across panels or bundles",
                "tests/services/test_bundles.py::test_two_bundles_cannot_be_put_together",
            ),
            tried(
                52,
                "give oneself away in a comment",
                f"{VALIDATION}::test_comments_are_released_word_for_word_but_for_what_identifies",
                "tests/web/test_dispositions.py"
                "::test_what_is_marked_in_one_comment_is_kept_whatever_is_pressed_in_another",
            ),
            later(53, "tell from sizes and times of answers who has sent", "panels in depth"),
            tried(
                54,
                "join names to answers in a copy of the database, or by giving an expert another address",
                f"{BACKUPS}::test_without_the_keys_links_die_and_answers_have_no_names",
                f"{VALIDATION}::test_what_was_answered_is_not_shown_at_another_address",
            ),
            tried(
                55,
                "join the log's addresses and times to answers",
                f"{OPERATION}::test_the_log_tells_what_happened_and_no_secret",
            ),
        ),
    ),
    (
        "Frozen versions and votes",
        (
            tried(56, "change a locked version", f"{VERSIONS}::test_nothing_changes_a_version"),
            tried(
                57,
                "edit while a version is being locked",
                f"{VERSIONS}::test_an_edit_racing_a_freeze_is_in_the_version_or_in_the_draft_after_it",
            ),
            tried(
                58,
                "lose an offline edit to a lock",
                f"{TEXTS}::test_agreed_and_withdrawn_words_are_locked",
                "tests/unit/test_text_scripts.py::test_the_browsers_half_of_live_text",
            ),
            tried(
                59,
                "show experts other words than were locked",
                f"{RATING}::test_an_expert_sees_the_frozen_words_and_nothing_of_the_group",
                f"{VERSIONS}::test_a_third_party_recomputes_the_hash_from_the_file",
            ),
            tried(60, "vote twice", f"{POLLS}::test_voting_twice_at_once_leaves_one_ballot"),
            tried(
                61,
                "see votes before the vote is closed",
                f"{POLLS}::test_answers_are_hidden_until_closed_then_named_and_shown_by_the_facilitator",
                due="anonymous ballots",
            ),
            tried(
                62,
                "lose votes by erasing an account",
                f"{PEOPLE}::test_erasure_takes_name_and_address_everywhere_but_keeps_the_record",
            ),
        ),
    ),
    (
        "Sockets and live text",
        (
            tried(
                63,
                "send deep, long or strange changes",
                f"{SOCKET}::test_63_64_66_67_changes_that_are_none",
                f"{CHANGES}::test_hostile_changes_are_refused_at_once",
            ),
            tried(
                64,
                "send mutated and random packets",
                f"{SOCKET}::test_64_77_78_malformed_packets_end_the_connection",
                f"{CHANGES}::test_whatever_arrives_parses_or_is_refused",
                f"{CHANGES}::test_a_mutated_change_parses_or_is_refused",
            ),
            tried(65, "write under another person's mark", f"{SOCKET}::test_11_65_readers_and_forged_marks"),
            tried(
                66,
                "push with gaps, from the future or from long ago",
                f"{SOCKET}::test_63_64_66_67_changes_that_are_none",
                f"{TEXTS}::test_work_per_push_is_bounded",
            ),
            tried(
                67,
                "push changes that do not fit or cut characters",
                f"{SOCKET}::test_63_64_66_67_changes_that_are_none",
                f"{CHANGES}::test_a_change_must_fit_and_must_not_cut_a_character",
            ),
            tried(68, "pull and join without end", f"{SOCKET}::test_69_68_flood_of_joins_and_pulls"),
            tried(
                69,
                "delete everything that others wrote",
                f"{SOCKET}::test_69_68_flood_of_joins_and_pulls",
                f"{HISTORY}::test_restoring_is_a_change_like_any_other",
            ),
            tried(70, "write a text without an end", f"{TEXTS}::test_a_text_has_an_end"),
            tried(71, "carry another's name on a caret", f"{SOCKET}::test_71_carets_carry_the_servers_word"),
            tried(
                72,
                "flood with messages",
                f"{SOCKET}::test_69_68_flood_of_joins_and_pulls",
                f"{SOCKET}::test_72_many_connections_of_one_person_take_turns",
                due="faults and load (others' waiting time under a flood)",
            ),
            tried(
                73,
                "send huge frames",
                f"{SOCKET}::test_73_a_huge_frame_is_not_kept",
                f"{SOCKET}::test_73_polling_takes_small_whole_packets_only",
            ),
            tried(
                74,
                "open connections and say nothing",
                f"{SOCKET}::test_74_who_never_connects_is_cut_within_ten_seconds",
            ),
            absent(
                75,
                "announce attachments that never come",
                "packets are msgpack, which has none; other kinds of packet end the connection",
            ),
            tried(76, "never read", f"{SOCKET}::test_76_a_client_that_does_not_read_is_cut"),
            tried(
                77,
                "misuse acknowledgements and reserved names",
                f"{SOCKET}::test_64_77_78_malformed_packets_end_the_connection",
            ),
            tried(
                78,
                "speak before connecting, or in another namespace",
                f"{SOCKET}::test_64_77_78_malformed_packets_end_the_connection",
            ),
            tried(79, "send what grows when unpacked", f"{SOCKET}::test_86_only_our_own_pages_may_connect"),
            tried(
                80,
                "overfill texts, titles and comments",
                f"{TEXTS}::test_a_text_has_an_end",
                f"{MATRIX}::test_no_form_breaks",
            ),
            tried(
                117,
                "hear a text in the moments in which one is being refused",
                f"{SOCKET}::test_117_who_asks_again_and_again_hears_nothing_while_being_refused",
                f"{LIVE_ROOMS}::test_a_right_that_is_lost_on_the_way_in_leads_out_again",
            ),
        ),
    ),
    (
        "Browser and web",
        (
            tried(
                81,
                "run script from typed words, anywhere",
                f"{WORDS}::test_no_word_comes_alive_anywhere",
                f"{MARKUP}::test_nothing_hostile_gets_through",
                f"{WORD}::test_hostile_words_are_only_words",
                f"{OPERATION}::test_the_demo_writes_mails_as_files_of_their_own",
            ),
            tried(
                82,
                "lead elsewhere by links and pictures",
                f"{MARKUP}::test_a_link_names_the_host_it_leads_to",
                f"{WORDS}::test_no_word_comes_alive_anywhere",
            ),
            tried(
                83,
                "get round the content security policy",
                f"{WORDS}::test_were_something_to_slip_through_the_browser_would_refuse_it",
            ),
            tried(84, "post from another site's page", ELSEWHERE, f"{DOOR}::test_a_post_needs_our_own_page"),
            tried(85, "sign somebody in, out or into a group from another site", ELSEWHERE),
            tried(86, "open a socket from another site's page", f"{SOCKET}::test_86_only_our_own_pages_may_connect"),
            tried(
                87,
                "plant a browser session before sign-in",
                f"{DOOR}::test_sign_in_begins_a_fresh_session_and_goes_where_one_wanted",
                f"{DOOR}::test_signing_out_ends_the_sign_in_on_the_server",
                f"{DOOR}::test_who_comes_in_on_a_device_ends_the_sign_in_of_who_was_there",
            ),
            tried(88, "redirect to elsewhere after sign-in", f"{DOOR}::test_next_never_leads_elsewhere"),
            tried(
                89,
                "poison links by the Host header",
                f"{DOOR}::test_links_in_mails_are_built_from_the_settings_not_the_request",
                f"{HEADERS}::test_production_answers_to_its_own_name_only",
                f"{HEADERS}::test_no_header_changes_the_name_in_addresses",
                f"{HEADERS}::test_a_calendar_entry_leads_to_our_own_name_and_holds_one_event",
            ),
            tried(
                90,
                "get a new address for each guess by a header",
                f"{HEADERS}::test_forwarded_addresses_count_only_behind_the_configured_proxies",
            ),
            tried(
                91,
                "frame a page, sniff a type, go back to a private page",
                f"{HEADERS}::test_every_page_is_armoured_and_kept_by_nobody",
            ),
            tried(
                92,
                "steal the cookie",
                f"{HEADERS}::test_cookies_of_production",
                f"{HEADERS}::test_static_files_are_kept_but_carry_no_cookie",
            ),
            tried(
                93,
                "learn who has an account",
                f"{DOOR}::test_known_and_unknown_addresses_get_the_same_answer",
                f"{SIGNING}::test_a_wrong_password_or_address_answers_alike",
            ),
            tried(
                94,
                "try passwords by the thousand",
                f"{DOOR}::test_guessing_is_slowed_down",
                f"{SIGNING}::test_plain_passwords_are_refused_beside_their_field",
                due="faults and load (memory under a crowd at the door)",
            ),
            tried(95, "crack stolen password hashes", f"{RACES}::test_secrets_are_long_and_keys_are_apart"),
            tried(
                96,
                "use a reset link twice or late",
                f"{SIGNING}::test_a_reset_ends_every_other_sign_in",
                f"{SIGNING}::test_a_mailed_link_works_once_and_not_for_long",
            ),
            absent(
                97,
                "become the first administrator",
                "no first-run page, no default password: the command line makes the first administrator",
            ),
            tried(
                98,
                "start production unsafely",
                f"{OPERATION}::test_all_faults_are_reported_together",
                f"{OPERATION}::test_production_refuses_a_missing_short_or_silly_secret",
            ),
            tried(
                99,
                "find consoles, settings, metrics and source maps",
                f"{HEADERS}::test_addresses_that_lead_nowhere",
                f"{HEADERS}::test_no_source_map_or_note_is_shipped",
            ),
            tried(100, "have the server fetch an address", f"{RULES}::test_the_server_fetches_no_address"),
        ),
    ),
    (
        "Files, exports, mail",
        (
            tried(101, "run formulas in a table", f"{RESULTS}::test_files_hold_totals_only_and_no_formula"),
            tried(
                102,
                "break or script a Word file",
                f"{WORD}::test_hostile_words_are_only_words",
                f"{WORD}::test_any_text_can_be_written",
            ),
            tried(
                103,
                "add events to a calendar entry",
                "tests/unit/test_calendars.py::test_whatever_is_typed_stays_inside_its_line",
                f"{HEADERS}::test_a_calendar_entry_leads_to_our_own_name_and_holds_one_event",
            ),
            tried(
                104,
                "add headers or recipients to a mail",
                f"{OPERATION}::test_no_line_break_enters_a_header",
                f"{PEOPLE}::test_a_faulty_invitation_is_refused_beside_its_field",
            ),
            absent(
                105,
                "inject by file names",
                "names of files are made of short names and numbers, never of what people type",
            ),
            later(106, "overwhelm the import of references", "import of references"),
            tried(
                107,
                "unpack a bomb",
                f"{WORDREADING}::test_what_swells_is_refused_before_it_is_opened",
                f"{WORDREADING}::test_entities_are_refused",
                f"{WORDREADING}::test_names_that_lead_out_of_the_file_lead_nowhere",
                f"{WORDREADING}::test_whatever_is_broken_is_refused_and_never_worse",
            ),
            absent(108, "upload a file that runs", "a Word document is read in memory and never kept or served"),
            tried(
                109,
                "import a file with foreign ids and roles",
                f"{RETURNS}::test_another_groups_document_is_refused_and_a_forged_mark_reaches_nothing",
                f"{RETURNS}::test_only_who_may_suggest_may_bring_and_only_who_brought_may_look",
                f"{IMPORTS}::test_roles_names_and_ids_in_the_file_mean_nothing",
                f"{IMPORTS}::test_what_is_no_blueprint_is_refused_and_leaves_nothing",
            ),
            absent(110, "fetch another person's export", "files are made while one asks and kept nowhere"),
            tried(
                111,
                "slow the server by Markdown",
                f"{MARKUP}::test_hostile_repetition_is_quick",
                f"{MARKUP}::test_no_nesting_is_too_deep",
            ),
            absent(112, "expand YAML aliases", "no YAML is taken from people"),
            tried(113, "forge lines of the log", f"{OPERATION}::test_the_log_tells_what_happened_and_no_secret"),
            tried(
                114,
                "inject SQL",
                f"{MATRIX}::test_no_form_breaks",
                "tests/rules/test_imports.py::test_imports_go_downwards_only",
            ),
            tried(115, "silence the store of rate limits", f"{OPERATION}::test_readiness_names_a_silent_redis"),
            tried(
                116,
                "profit from clocks that are wrong",
                f"{VALIDATION}::test_the_servers_clock_decides_about_the_deadline_and_the_worker_closes",
                f"{MEETINGS}::test_a_series_is_planned_a_month_apart_on_the_same_weekday",
            ),
        ),
    ),
)
ABUSES = [abuse for _part, abuses in PARTS for abuse in abuses]

#: What a first release must have tested.
FIRST = {1, 2, 3, 4, 8, 9, 10, 12, 16, 20, 25, 26, 27, 28, 34, 35, 36, 37, 56, 57, *range(63, 68), *range(81, 90)}

#: Every message that the live server takes, and what is asked before it is served, each time anew.
SOCKET_GUARDS = {
    "connect": "our own Origin; the page's CSRF token beside a live sign-in, or a personal token; the protocol",
    "hint:watch": "a topic's group or session may be read by the person now",
    "text:join": "before the room is entered and again with the text: it may be read; the mark is the person's own",
    "text:push": "the text may be written now, by its state and the role, in the transaction that stores it",
    "text:pull": "the text was opened on this connection and may still be read",
    "text:leave": "the connection's own texts only",
    "text:presence": "the text is open on this connection; the server says who it is",
}


def table() -> str:
    """What docs/security.md holds between its marks: the registry, part by part."""
    lines: list[str] = []
    for part, abuses in PARTS:
        lines += [f"### {part}", "", "| | somebody tries to … | |", "|--:|---|---|"]
        for each in abuses:
            said = ", ".join(f"`{test.removeprefix('tests/')}`" for test in each.tests)
            if each.absent:
                said = f"not applicable: {each.absent}"
            if each.due:
                said += f"{'; ' if said else ''}due with: {each.due}"
            lines.append(f"| {each.number} | {each.what} | {said} |")
        lines.append("")
    lines += ["### Messages of the live server", "", "| message | asked before it is served |", "|---|---|"]
    lines += [f"| `{event}` | {guard} |" for event, guard in SOCKET_GUARDS.items()]
    return "\n".join(lines)
