"""ResNets of the same blocks and layer names as the real ones, small enough to train within a test."""

import keras
from keras.src.applications import resnet

from training.network.resnets import resnet18

FILTERS = {"conv2": 4, "conv3": 4, "conv4": 8, "conv5": 8}
BLOCKS = {"conv2": 1, "conv3": 1, "conv4": 2, "conv5": 3}


def toy_backbone(weights: str, image_size: int, name: str = "resnet152") -> keras.Model:
    """What training.backbone.build_backbone gives, with 4 to 32 filters; its weights are always the same."""
    keras.utils.set_random_seed(0)
    if name == "resnet18":
        return resnet18(image_size, None, width=4)
    is_v2 = name == "resnet50v2"
    stack, unstrided = (
        (resnet.stack_residual_blocks_v2, "conv5") if is_v2 else (resnet.stack_residual_blocks_v1, "conv2")
    )

    def stages(x: keras.KerasTensor) -> keras.KerasTensor:
        for stage, filters in FILTERS.items():
            x = stack(x, filters, BLOCKS[stage] + is_v2, stride1=1 if stage == unstrided else 2, name=stage)
        return x

    return resnet.ResNet(
        stages,
        preact=is_v2,
        use_bias=True,
        include_top=False,
        weights=None,
        input_shape=(image_size, image_size, 3),
        name="toy",
        weights_name="toy",
    )
