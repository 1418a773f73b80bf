from printed import alike

TABLE = "method  start\nmix  41.6 ±6.8\nridge  36.0 ±6.6\n"


def test_numbers_with_decimals_may_differ_by_a_point() -> None:
    assert alike(TABLE, TABLE.replace("41.6", "42.1"))
    assert not alike(TABLE, TABLE.replace("41.6", "43.6"))


def test_words_and_counts_may_not_differ() -> None:
    assert not alike(TABLE, TABLE.replace("mix", "slerp"))
    assert not alike("2,000 items", "2,001 items")


def test_lines_are_left_out_only_where_dots_say_so() -> None:
    assert not alike(TABLE, "method start\n")
    assert alike(TABLE, "method start\n...\n")
