from hypothesis import given
from hypothesis import strategies as st

from fcn_detect.formats import RecordSpool, write_results
from fcn_detect.results import Failure, ImageResult


@given(st.lists(st.text(alphabet="ab/.é\udcff", min_size=1), unique=True, max_size=20), st.data())
def test_a_spool_writes_what_write_results_writes(tmp_path_factory, names, data):
    folder = tmp_path_factory.mktemp("spool")
    results = [ImageResult(n, None, None, None, Failure("empty", "no bytes")) for n in names]
    earlier = data.draw(st.integers(0, len(results)))
    with RecordSpool() as spool:
        for i, result in enumerate(results):
            if i == earlier:  # written once before all have come
                spool.write(folder / "earlier.jsonl")
            spool.add(result)
        spool.write(folder / "spool.jsonl")
    write_results(results, folder / "whole.jsonl")
    assert (folder / "spool.jsonl").read_bytes() == (folder / "whole.jsonl").read_bytes()
