"""The page of the project, in gradio. It knows the predictor and pictures, never torch."""

from vqa.ui.mcp import speak_mcp
from vqa.ui.page import build_page
from vqa.ui.serve import serve

__all__ = ["build_page", "serve", "speak_mcp"]
