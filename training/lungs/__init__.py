"""Lung fields: pairs of radiograph and mask, the small U-Net, its training, figures and graph."""
