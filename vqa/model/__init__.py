"""The model and its parts. Whoever imports any of them can load both kinds of model by transformers' auto classes."""

from transformers import AutoConfig, AutoModel, AutoProcessor

from vqa.model.configuration import VQAConfig
from vqa.model.hybrid_vit import HybridViTConfig, HybridViTModel
from vqa.model.model import VQAModel
from vqa.processing.processor import VQAProcessor

AutoConfig.register(HybridViTConfig.model_type, HybridViTConfig)
AutoConfig.register(VQAConfig.model_type, VQAConfig)
AutoModel.register(HybridViTConfig, HybridViTModel)
AutoModel.register(VQAConfig, VQAModel)
AutoProcessor.register(VQAConfig, VQAProcessor)
