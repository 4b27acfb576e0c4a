use super::*;
use crate::kernels::frames::tests::for_bytes_and_their_numbers;
use crate::kernels::gemm::tests::numbers;
use crate::parallel::set_threads;
use crate::simd::on_every_instruction_set;

struct Layer {
    shape: Shape,
    activation: Activation,
}

/// 3x3 with pooling, depthwise, pointwise, strided with an activation of its own, 3x3 with pooling for Winograd's algorithm.
fn layers(frames: usize) -> Vec<Layer> {
    let conv = |size: usize, channels, kernel: usize, stride: usize, same, groups| {
        let (kernel, strides) = ((kernel, kernel), (stride, stride));
        ConvGeometry::new("test", frames, (size, size), channels, kernel, strides, same, (1, 1), groups).unwrap()
    };
    let pooled = |conv| Shape::Pooled(PooledConvGeometry::new("test", conv, (2, 2)).unwrap());
    [
        (pooled(conv(30, (3, 8), 3, 1, false, 1)), Activation::Relu),
        (Shape::Plain(conv(14, (8, 8), 3, 1, true, 8)), Activation::Linear),
        (Shape::Plain(conv(14, (8, 16), 1, 1, false, 1)), Activation::Relu),
        (Shape::Plain(conv(14, (16, 16), 3, 1, true, 2)), Activation::Tanh),
        (pooled(conv(14, (16, 17), 3, 1, true, 1)), Activation::Linear),
    ]
    .map(|(shape, activation)| Layer { shape, activation })
    .into()
}

fn run(layers: &[Layer], x: Source<'_, f32>) -> Vec<f32> {
    let kernels: Vec<Vec<f32>> = layers
        .iter()
        .enumerate()
        .map(|(seed, layer)| numbers(layer.shape.conv().kernel_shape().iter().product(), seed as u64))
        .collect();
    let bias: Vec<f32> = numbers(17, 9);
    let links: Vec<_> = layers
        .iter()
        .zip(&kernels)
        .map(|(layer, kernel)| Link {
            shape: layer.shape,
            kernel,
            bias: Some(&bias[..layer.shape.conv().cout]),
            activation: layer.activation,
        })
        .collect();
    let chain = Chain::new(&links).unwrap().run(layers[0].shape.conv().frames, x).unwrap();
    let one_by_one = links.iter().fold(Buffer::copy_of(&x.floats()), |x, link| match &link.shape {
        Shape::Plain(conv) => {
            conv2d::conv2d(conv, Source::Floats(&x), link.kernel, link.bias, link.activation).unwrap()
        }
        Shape::Pooled(g) => {
            conv2d_pool::conv2d_pool(g, Source::Floats(&x), link.kernel, link.bias, link.activation).unwrap().0
        }
    });
    assert!(chain[..] == one_by_one[..], "a chain has other bits than its links");
    chain.to_vec()
}

#[test]
fn chains_have_the_bits_of_their_links_for_any_number_of_threads_and_frames() {
    let before = threads();
    on_every_instruction_set(|_| {
        let frame = 30 * 30 * 3;
        let x: Vec<f32> = numbers(13 * frame, 3);
        set_threads(3);
        let many = run(&layers(13), Source::Floats(&x));
        set_threads(1);
        assert!(run(&layers(13), Source::Floats(&x)) == many);
        let few = run(&layers(2), Source::Floats(&x[4 * frame..6 * frame]));
        assert!(few[..] == many[4 * few.len() / 2..][..few.len()]);
    });
    set_threads(before);
}

#[test]
fn chains_of_bytes_have_the_bits_of_the_numbers_they_stand_for() {
    for frames in [1, 70] {
        for_bytes_and_their_numbers([frames, 30, 30, 3], |bytes, numbers| {
            assert!(run(&layers(frames), bytes) == run(&layers(frames), numbers));
        });
    }
}

#[test]
fn links_that_do_not_fit_are_refused() {
    let kernel = vec![0.0f32; 9 * 3 * 8];
    let layers = layers(2);
    let link = |shape| Link { shape, kernel: &kernel[..], bias: None, activation: Activation::Linear };
    let error = |links: &[Link<'_, f32>], x: usize| {
        let output = Chain::new(links).and_then(|chain| chain.run(2, Source::Floats(&vec![0.0; x])));
        output.err().unwrap().to_string()
    };
    assert_eq!(error(&[], 0), "conv2d_chain: links must be at least one, but got 0.");
    assert_eq!(error(&[link(layers[0].shape)], 7), "conv2d_chain: x must be of shape [5400], but got [7].");
    assert_eq!(
        error(&[link(layers[0].shape), link(layers[4].shape)], 5400),
        "conv2d_chain: the output of a link must be of shape [2, 14, 14, 16], but got [2, 14, 14, 8]."
    );
}

#[test]
fn a_chain_fits_frames_of_its_size_while_kernels_would_be_prepared_the_same_way() {
    let kernel = numbers::<f32>(9 * 3 * 8, 1);
    let shape = layers(1)[0].shape;
    let link = Link { shape, kernel: &kernel, bias: None, activation: Activation::Relu };
    let chain = Chain::new(&[link]).unwrap();
    let made_for = simd::current();
    assert!(chain.fits([30, 30, 3]) && !chain.fits([30, 31, 3]));
    on_every_instruction_set(|set| assert_eq!(chain.fits([30, 30, 3]), set == made_for));
}
