"""Groups of patches that are hidden together."""

import numpy as np
import pytest
import torch

from vqa.explain import maps

pytestmark = pytest.mark.usefixtures("one_thread")


def test_windows_cover_every_patch_and_single_patches_on_small_grids():
    assert torch.equal(maps.windows((3, 5)), torch.eye(15, dtype=torch.bool))
    groups = maps.windows((8, 13))
    assert groups.shape[1] == 104 and set(groups.sum(1).tolist()) == {4} and groups.any(0).all()
    assert len(maps.windows((37, 37))) < 100


def test_spread_gives_each_patch_the_mean_of_its_groups():
    groups = torch.tensor([[True, True, False], [False, True, True]])
    np.testing.assert_allclose(maps.spread(torch.tensor([2.0, 4.0]), groups).numpy(), [2, 3, 4])
