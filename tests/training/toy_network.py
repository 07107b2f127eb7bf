"""A ResNet of the same blocks and layer names as ResNet-152, small enough to train within a test."""

import keras
from keras.src.applications import resnet

FILTERS = {"conv2": 4, "conv3": 4, "conv4": 8, "conv5": 8}
BLOCKS = {"conv2": 1, "conv3": 1, "conv4": 2, "conv5": 3}


def toy_backbone(weights: str, image_size: int) -> keras.Model:
    """What training.backbone.build_backbone gives, with 4 to 8 filters; its weights are always the same."""
    keras.utils.set_random_seed(0)

    def stages(x: keras.KerasTensor) -> keras.KerasTensor:
        for name, filters in FILTERS.items():
            stride = 1 if name == "conv2" else 2
            x = resnet.stack_residual_blocks_v1(x, filters, BLOCKS[name], stride1=stride, name=name)
        return x

    return resnet.ResNet(
        stages,
        preact=False,
        use_bias=True,
        include_top=False,
        weights=None,
        input_shape=(image_size, image_size, 3),
        name="toy",
        weights_name="toy",
    )
