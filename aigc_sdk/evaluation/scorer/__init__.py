"""The picture-caption scorer: which of these captions does this picture go with?"""
