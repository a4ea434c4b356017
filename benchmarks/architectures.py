"""Well-known architectures by family: image models of timm, and configured ones of transformers."""

from __future__ import annotations

from typing import Any

_IMAGES = {
    "AlexNet's heirs": "vgg11 vgg16_bn",
    "Inception": "inception_v3 inception_v4 inception_resnet_v2 legacy_xception xception41",
    "ResNet": (
        "resnet18 resnet50 resnet50d resnet101 wide_resnet50_2 resnetblur50 seresnet50 "
        "ecaresnet26t skresnet34 res2net50_26w_4s resnest26d resnetv2_50 resnetv2_50x1_bit "
        "resnetrs50 legacy_seresnet18 tresnet_m selecsls42b"
    ),
    "ResNeXt": "resnext50_32x4d seresnext50_32x4d res2next50",
    "normalizer-free": "nfnet_l0 nf_resnet50 nf_regnet_b1 dm_nfnet_f0 eca_nfnet_l0",
    "DenseNet": "densenet121 densenetblur121d dpn68 rdnet_tiny",
    "RegNet": "regnetx_008 regnety_008 regnetv_040 regnetz_b16",
    "EfficientNet": (
        "efficientnet_b0 efficientnet_b3 efficientnetv2_s tf_efficientnet_lite0 mixnet_s "
        "fbnetc_100 spnasnet_100 rexnet_100"
    ),
    "MobileNet": (
        "mobilenetv2_100 mobilenetv3_large_100 mobilenetv4_conv_small lcnet_100 mnasnet_100 "
        "hardcorenas_a tinynet_a mobileone_s1"
    ),
    "small convolutions": (
        "ghostnet_100 ghostnetv2_100 repghostnet_100 starnet_s1 fasternet_t0 repvgg_a1 repvit_m1 "
        "gernet_s"
    ),
    "aggregated": (
        "dla34 hrnet_w18_small vovnet39a ese_vovnet19b_dw cspresnet50 cspdarknet53 darknet53 "
        "hgnetv2_b0 nasnetalarge"
    ),
    "ConvNeXt": (
        "convnext_tiny convnextv2_nano convmixer_768_32 inception_next_tiny mambaout_femto "
        "focalnet_tiny_srf visformer_tiny"
    ),
    "ViT": (
        "vit_tiny_patch16_224 vit_base_patch16_224 vit_small_patch16_18x2_224 "
        "vit_relpos_small_patch16_224 beit_base_patch16_224 eva02_small_patch14_224 "
        "vit_base_patch16_siglip_224 vit_base_patch16_clip_224 vit_small_patch16_dinov3_qkvb "
        "volo_d1_224 tnt_s_patch16_224 samvit_base_patch16_224"
    ),
    "DeiT": (
        "deit_small_patch16_224 deit_base_distilled_patch16_224 deit3_small_patch16_224 "
        "cait_xxs24_224 xcit_nano_12_p16_224 convit_tiny crossvit_9_240 pit_ti_224 levit_128s"
    ),
    "Swin": (
        "swin_tiny_patch4_window7_224 swin_s3_tiny_224 swinv2_tiny_window8_256 swinv2_cr_tiny_224 "
        "twins_svt_small twins_pcpvt_small nest_tiny pvt_v2_b0 mvitv2_tiny davit_tiny "
        "hiera_tiny_224"
    ),
    "hybrids": (
        "coat_lite_tiny coatnet_nano_rw_224 maxvit_nano_rw_256 mobilevit_s mobilevitv2_100 "
        "edgenext_small efficientformer_l1 efficientformerv2_s0 efficientvit_b0 efficientvit_m0 "
        "fastvit_t8 tiny_vit_5m_224 swiftformer_xs nextvit_small shvit_s1 gcvit_xxtiny "
        "botnet26t_256 halonet26t lambda_resnet26t"
    ),
    "MLP-Mixer": (
        "mixer_s16_224 mixer_b16_224 resmlp_12_224 gmlp_s16_224 gmixer_24_224 poolformer_s12 "
        "convformer_s18 caformer_s18 sequencer2d_s"
    ),
}
IMAGE_MODELS = {name: family for family, names in _IMAGES.items() for name in names.split()}
"""From an architecture of timm to its family."""

_SMALL_BERT = {"hidden_size": 768, "num_hidden_layers": 12, "intermediate_size": 3072}
_CONFIGS: dict[str, dict[str, tuple[str, dict[str, Any]]]] = {
    "BERT": {
        "BERT": ("BertForMaskedLM", {}),
        "BERT, classifier": ("BertForSequenceClassification", {}),
        "RoBERTa": ("RobertaForMaskedLM", {}),
        "RoBERTa, classifier": ("RobertaForSequenceClassification", {}),
        "ALBERT": ("AlbertForMaskedLM", _SMALL_BERT | {"num_attention_heads": 12}),
        "DistilBERT": ("DistilBertForMaskedLM", {}),
        "DistilBERT, classifier": ("DistilBertForSequenceClassification", {}),
        "ELECTRA": ("ElectraForMaskedLM", {}),
        "DeBERTa": ("DebertaV2ForMaskedLM", _SMALL_BERT | {"num_attention_heads": 12}),
        "ModernBERT": ("ModernBertForMaskedLM", {}),
        "MPNet": ("MPNetForMaskedLM", {}),
        "ConvBERT": ("ConvBertForMaskedLM", {}),
        "SqueezeBERT": ("SqueezeBertForMaskedLM", {}),
        "MobileBERT": ("MobileBertForMaskedLM", {}),
        "FNet": ("FNetForMaskedLM", {}),
        "XLNet": ("XLNetLMHeadModel", {
            "d_model": 768, "n_layer": 12, "n_head": 12, "d_inner": 3072,
        }),
    },
    "GPT": {
        "GPT": ("OpenAIGPTLMHeadModel", {}),
        "GPT-2": ("GPT2LMHeadModel", {}),
        "GPT-Neo": ("GPTNeoForCausalLM", {
            "hidden_size": 768, "num_layers": 12, "num_heads": 12,
            "attention_types": [[["global", "local"], 6]],
        }),
        "GPT-NeoX": ("GPTNeoXForCausalLM", {
            **_SMALL_BERT, "num_attention_heads": 12, "vocab_size": 50304,
        }),
        "GPT-BigCode": ("GPTBigCodeForCausalLM", {"n_layer": 12}),
        "OPT": ("OPTForCausalLM", {}),
        "BLOOM": ("BloomForCausalLM", {"hidden_size": 1024, "n_layer": 2, "n_head": 16}),
        "CodeGen": ("CodeGenForCausalLM", {"n_embd": 1024, "n_layer": 8, "n_head": 16}),
        "Falcon": ("FalconForCausalLM", {"hidden_size": 2048, "num_hidden_layers": 2,
                                         "num_attention_heads": 32}),
        "MPT": ("MptForCausalLM", {"n_layers": 3}),
    },
    "Llama": {
        "Llama": ("LlamaForCausalLM", {
            "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
            "num_attention_heads": 9, "num_key_value_heads": 3, "vocab_size": 49152,
        }),
        "Llama, wide": ("LlamaForCausalLM", {
            "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 3,
            "num_attention_heads": 32, "num_key_value_heads": 4,
        }),
        "Mistral": ("MistralForCausalLM", {
            "hidden_size": 2048, "intermediate_size": 7168, "num_hidden_layers": 2,
            "num_attention_heads": 16, "num_key_value_heads": 4,
        }),
        "Mixtral": ("MixtralForCausalLM", {
            "hidden_size": 1024, "intermediate_size": 1024, "num_hidden_layers": 4,
            "num_attention_heads": 16, "num_key_value_heads": 4,
        }),
        "Qwen2": ("Qwen2ForCausalLM", {
            "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 6,
            "num_attention_heads": 14, "num_key_value_heads": 2, "tie_word_embeddings": True,
        }),
        "Qwen3": ("Qwen3ForCausalLM", {
            "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 4,
            "num_attention_heads": 16, "num_key_value_heads": 8, "tie_word_embeddings": True,
        }),
        "Gemma": ("GemmaForCausalLM", {
            "hidden_size": 2048, "intermediate_size": 16384, "num_hidden_layers": 1,
            "num_attention_heads": 8, "num_key_value_heads": 1, "vocab_size": 32000,
        }),
        "Gemma 2": ("Gemma2ForCausalLM", {"num_hidden_layers": 2, "vocab_size": 32000}),
        "Gemma 3": ("Gemma3ForCausalLM", {
            "hidden_size": 640, "intermediate_size": 2048, "num_hidden_layers": 6,
            "num_attention_heads": 4, "num_key_value_heads": 1,
        }),
        "Phi": ("PhiForCausalLM", {"num_hidden_layers": 2}),
        "Phi-3": ("Phi3ForCausalLM", {"num_hidden_layers": 1}),
        "OLMo": ("OlmoForCausalLM", {
            "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 2,
            "num_attention_heads": 16, "tie_word_embeddings": True,
        }),
        "OLMo 2": ("Olmo2ForCausalLM", {
            "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 2,
            "num_attention_heads": 16,
        }),
        "StableLM": ("StableLmForCausalLM", {
            "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 2,
        }),
        "Granite": ("GraniteForCausalLM", {
            "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 2,
        }),
    },
    "encoder and decoder": {
        "T5": ("T5ForConditionalGeneration", {"decoder_start_token_id": 0}),
        "mT5": ("MT5ForConditionalGeneration", {"decoder_start_token_id": 0}),
        "BART": ("BartForConditionalGeneration", {
            "d_model": 768, "encoder_layers": 6, "decoder_layers": 6, "encoder_ffn_dim": 3072,
            "decoder_ffn_dim": 3072, "encoder_attention_heads": 12, "decoder_attention_heads": 12,
        }),
        "Pegasus": ("PegasusForConditionalGeneration", {"encoder_layers": 3, "decoder_layers": 3}),
        "Marian": ("MarianMTModel", {
            "d_model": 512, "encoder_layers": 6, "decoder_layers": 6, "encoder_ffn_dim": 2048,
            "decoder_ffn_dim": 2048, "encoder_attention_heads": 8, "decoder_attention_heads": 8,
            "pad_token_id": 58100, "decoder_start_token_id": 58100,
        }),
    },
    "state space": {
        "Mamba": ("MambaForCausalLM", {"num_hidden_layers": 24}),
        "Mamba-2": ("Mamba2ForCausalLM", {
            "hidden_size": 768, "num_heads": 24, "n_groups": 1, "num_hidden_layers": 12,
            "vocab_size": 50288,
        }),
        "RWKV": ("RwkvForCausalLM", {"hidden_size": 768, "num_hidden_layers": 12}),
    },
    "vision": {
        "ViT": ("ViTForImageClassification", {"image_size": 96}),
        "BEiT": ("BeitForImageClassification", {"image_size": 96}),
        "Swin": ("SwinForImageClassification", {"image_size": 224}),
        "Swin 2": ("Swinv2ForImageClassification", {"image_size": 128, "window_size": 4}),
        "ConvNeXt": ("ConvNextForImageClassification", {}),
        "ConvNeXt 2": ("ConvNextV2ForImageClassification", {}),
        "ResNet": ("ResNetForImageClassification", {}),
        "RegNet": ("RegNetForImageClassification", {}),
        "DINOv2": ("Dinov2ForImageClassification", {"image_size": 98, "patch_size": 14}),
        "SegFormer": ("SegformerForImageClassification", {}),
        "CvT": ("CvtForImageClassification", {}),
        "MobileViT": ("MobileViTForImageClassification", {}),
        "PoolFormer": ("PoolFormerForImageClassification", {}),
        "CLIP": ("CLIPVisionModel", {"image_size": 96}),
    },
    "audio": {
        "wav2vec 2": ("Wav2Vec2ForSequenceClassification", {}),
        "HuBERT": ("HubertForSequenceClassification", {}),
        "WavLM": ("WavLMForSequenceClassification", {}),
        "Whisper": ("WhisperForConditionalGeneration", {
            "d_model": 384, "encoder_layers": 4, "decoder_layers": 4, "encoder_attention_heads": 6,
            "decoder_attention_heads": 6, "encoder_ffn_dim": 1536, "decoder_ffn_dim": 1536,
            "max_source_positions": 100,
        }),
    },
}  # fmt: skip
CONFIGURED = {
    name: (family, *chosen) for family, own in _CONFIGS.items() for name, chosen in own.items()
}
"""From a name to its family, the class of transformers, and what differs from its defaults."""
