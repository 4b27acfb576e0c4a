"""Layers, with Keras's names, arguments and behaviour. Arrays are channels last."""

from kinema.layers.activation import ELU, Activation, LeakyReLU, ReLU, Softmax
from kinema.layers.attention import AdditiveAttention, Attention
from kinema.layers.augmentation import (
    MixUp,
    RandomBrightness,
    RandomContrast,
    RandomCrop,
    RandomErasing,
    RandomFlip,
    RandomGaussianBlur,
    RandomHue,
    RandomResizedCrop,
    RandomRotation,
    RandomSaturation,
    RandomSpeed,
    RandomTemporalJitter,
    RandomTimeReversal,
    RandomTranslation,
    RandomZoom,
)
from kinema.layers.batch_normalization import BatchNormalization
from kinema.layers.bidirectional import Bidirectional
from kinema.layers.conv import Conv1D, Conv2D, Convolution1D, Convolution2D
from kinema.layers.cropping import Cropping1D, Cropping2D
from kinema.layers.dense import Dense
from kinema.layers.depthwise import DepthwiseConv1D, DepthwiseConv2D
from kinema.layers.dropout import Dropout
from kinema.layers.global_pooling import (
    GlobalAveragePooling2D,
    GlobalAvgPool2D,
    GlobalMaxPool2D,
    GlobalMaxPooling2D,
)
from kinema.layers.group_normalization import GroupNormalization
from kinema.layers.gru import GRU
from kinema.layers.gru_cell import GRUCell
from kinema.layers.identity import ActivityRegularization, Identity
from kinema.layers.input_layer import Input, InputLayer
from kinema.layers.joining import Concatenate, Dot, concatenate, dot
from kinema.layers.lambda_layer import Lambda
from kinema.layers.layer import Layer
from kinema.layers.layer_normalization import LayerNormalization
from kinema.layers.lstm import LSTM
from kinema.layers.lstm_cell import LSTMCell
from kinema.layers.masking import Masking
from kinema.layers.merging import (
    Add,
    Average,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    maximum,
    minimum,
    multiply,
    subtract,
)
from kinema.layers.multi_head_attention import MultiHeadAttention
from kinema.layers.noise import GaussianDropout, GaussianNoise
from kinema.layers.normalization import Normalization
from kinema.layers.operation import operate
from kinema.layers.padding import ZeroPadding1D, ZeroPadding2D
from kinema.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AvgPool1D,
    AvgPool2D,
    MaxPool1D,
    MaxPool2D,
    MaxPooling1D,
    MaxPooling2D,
)
from kinema.layers.prelu import PReLU
from kinema.layers.rescaling import Rescaling
from kinema.layers.reshaping import Flatten, Permute, RepeatVector, Reshape
from kinema.layers.resizing import CenterCrop, Resizing
from kinema.layers.rnn import RNN
from kinema.layers.separable import (
    SeparableConv1D,
    SeparableConv2D,
    SeparableConvolution1D,
    SeparableConvolution2D,
)
from kinema.layers.serialization import deserialize, serialize
from kinema.layers.simple_rnn import SimpleRNN
from kinema.layers.simple_rnn_cell import SimpleRNNCell
from kinema.layers.spatial_dropout import SpatialDropout1D, SpatialDropout2D
from kinema.layers.stacked_rnn_cells import StackedRNNCells
from kinema.layers.time_distributed import TimeDistributed
from kinema.layers.time_pooling import (
    GlobalAveragePooling1D,
    GlobalAvgPool1D,
    GlobalMaxPool1D,
    GlobalMaxPooling1D,
)
from kinema.layers.unit_normalization import UnitNormalization
from kinema.layers.up_sampling import UpSampling1D, UpSampling2D
from kinema.layers.wrapper import Wrapper
from kinema.ops._symbolic import hand_symbolic_calls_to

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AdditiveAttention",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNormalization",
    "Bidirectional",
    "CenterCrop",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Convolution1D",
    "Convolution2D",
    "Cropping1D",
    "Cropping2D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dot",
    "Dropout",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "Identity",
    "Input",
    "InputLayer",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPooling1D",
    "MaxPooling2D",
    "Maximum",
    "Minimum",
    "MixUp",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomErasing",
    "RandomFlip",
    "RandomGaussianBlur",
    "RandomHue",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomSaturation",
    "RandomSpeed",
    "RandomTemporalJitter",
    "RandomTimeReversal",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "StackedRNNCells",
    "Subtract",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]

hand_symbolic_calls_to(operate)
