import pytest

from fcn_detect.export.cost import Cost


def cost(truth="annotations", ap50=0.9, miss_rate=0.2):
    return Cost(truth, 3, 9, 0.9, ap50, 0.2, miss_rate)


@pytest.mark.parametrize(
    "one, max_cost, within",
    [
        (cost(), 0, True),
        (cost(ap50=0.95, miss_rate=0.1), 0, True),
        (cost(ap50=0.896), 0.5, True),
        (cost(ap50=0.894), 0.5, False),
        (cost(miss_rate=0.209), 0.5, True),
        (cost(miss_rate=0.211), 0.5, False),
        (cost("agreement", ap50=0.86), 0.5, True),
        (cost("agreement", ap50=0.84), 0.5, False),
        (cost("agreement", miss_rate=0.31), 0.5, False),
    ],
)
def test_int8_may_cost_so_many_points(one, max_cost, within):
    assert one.within(max_cost) == within


def test_points_are_hundredths():
    one = cost(ap50=0.88, miss_rate=0.25)
    assert (one.ap50_points, one.miss_rate_points) == (pytest.approx(2), pytest.approx(5))
