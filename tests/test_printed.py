from printed import alike

TABLE = "method  start\nmix  41.6 ±6.8\nridge  36.0 ±6.6\n"


def test_numbers_with_decimals_may_differ_by_three_points() -> None:
    assert alike(TABLE, TABLE.replace("41.6", "44.1"))
    assert not alike(TABLE, TABLE.replace("41.6", "45.6"))


def test_words_and_counts_may_not_differ() -> None:
    assert not alike(TABLE, TABLE.replace("mix", "slerp"))
    assert not alike("2,000 items", "2,001 items")


def test_lines_are_left_out_only_where_dots_say_so() -> None:
    assert not alike(TABLE, "method start\n")
    assert alike(TABLE, "method start\n...\n")


def test_a_verdict_may_differ() -> None:
    assert alike("mix  41.6 ±6.8  recommended\n", "mix  41.6 ±6.8\n")
    assert alike(
        "- It falls.\n- Not recommended: `a`,\n  `b`.\n- With 50\n", "- It falls.\n- With 50\n"
    )
