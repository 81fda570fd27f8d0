/* Made by coefficients.py; do not edit. Lowest power first. */
#ifndef VM_AUTODIFF_KERNELS_COEFFICIENTS_H
#define VM_AUTODIFF_KERNELS_COEFFICIENTS_H
/* clang-format off */

/* (exp(x) - 1 - x) / x^2, -0.34727 to 0.34727: error 2^-57.18 */
#define C_EXP \
    0x1.000000000000bp-1, 0x1.5555555555561p-3, 0x1.555555555028ep-5, 0x1.111111110d6e5p-7, \
    0x1.6c16c1854e6bfp-10, 0x1.a01a01bab917dp-13, 0x1.a0199737db1f7p-16, 0x1.71dde00bbeb42p-19, \
    0x1.28afe45cb674ep-22, 0x1.af8545dd9dc57p-26

/* 2 (artanh(s) - s) / s^3 of s^2, 0.0 to 0.029437: error 2^-57.79 */
#define C_LOG \
    0x1.555555555558fp-1, 0x1.9999999980d97p-2, 0x1.249249413438ep-2, 0x1.c71c528fe45e2p-3, \
    0x1.74662615a8db6p-3, 0x1.39a4051ec4058p-3, 0x1.2eeffbd7a80e3p-3

/* (sin(x) - x) / x^3 of x^2, 0.0 to 0.61808: error 2^-57.94 */
#define C_SIN \
    -0x1.5555555555549p-3, 0x1.111111110f898p-7, -0x1.a01a019c1304ep-13, 0x1.71de357785693p-19, \
    -0x1.ae5e653ac7408p-26, 0x1.5d92846fc89a5p-33

/* (cos(x) - 1 + x^2 / 2) / x^4 of x^2, 0.0 to 0.61808: error 2^-59.51 */
#define C_COS \
    0x1.555555555554ep-5, -0x1.6c16c16c154dfp-10, 0x1.a01a019cfa28ep-16, -0x1.27e4f837d6607p-22, \
    0x1.1eea07bd57b1cp-29, -0x1.8fbb9ffb19bf9p-37

/* 2 (artanh(s) - s) / s^3 of s^2, 0.0 to 0.11111: error 2^-57.62 */
#define C_LOG1P \
    0x1.5555555555556p-1, 0x1.999999999957cp-2, 0x1.24924924c0db4p-2, 0x1.c71c71a66186ap-3, \
    0x1.745d1deef957ap-3, 0x1.3b12d7c7f1466p-3, 0x1.112326eff0ba6p-3, 0x1.dfe5213110491p-4, \
    0x1.c15fb99394bf3p-4, 0x1.1eb657622fa78p-4, 0x1.5113ab5d24929p-3

/* 2 (artanh(s) - s - s^3 / 3) / s^5 of s^2, 0.0 to 0.029437: error 2^-51.57 */
#define C_LOG_REST \
    0x1.999999999999fp-2, 0x1.249249248e499p-2, 0x1.c71c71d805307p-3, 0x1.745d09e0088c3p-3, \
    0x1.3b18bd171e5b7p-3, 0x1.101831c391f04p-3, 0x1.087e0081350dbp-3

/* (atan(t) - t) / t^3 of t^2, 0.0 to 0.17157: error 2^-57.69 */
#define C_ATAN \
    -0x1.5555555555543p-2, 0x1.99999999963b9p-3, -0x1.24924922e99eep-3, 0x1.c71c70faafd06p-4, \
    -0x1.745cfaf0419aap-4, 0x1.3b113ac80955ep-4, -0x1.10ed192da8489p-4, 0x1.df21f608d5decp-5, \
    -0x1.9d2193cec3bdep-5, 0x1.389281cb8b840p-5, -0x1.26f24985e1ddep-6

/* (asin(t) - t) / t^3 of t^2, 0.0 to 0.25: error 2^-57.78 */
#define C_ASIN \
    0x1.555555555556fp-3, 0x1.333333332ed50p-4, 0x1.6db6db719d647p-5, 0x1.f1c71aba00abep-6, \
    0x1.6e8bdb556640dp-6, 0x1.1c4a28bd150fdp-6, 0x1.ca1acdeb0d607p-7, 0x1.75a8e366c5030p-7, \
    0x1.608683617fd41p-7, 0x1.efe8bd82250b1p-9, 0x1.60ca126fa09dfp-6, -0x1.543eae898fa42p-6, \
    0x1.0a2c208e57321p-5

/* (sinh(x) - x) / x^3 of x^2, 0.0 to 1.0: error 2^-56.54 */
#define C_SINH \
    0x1.5555555555555p-3, 0x1.1111111111111p-7, 0x1.a01a01a019fbfp-13, 0x1.71de3a5574226p-19, \
    0x1.ae645673eb2ccp-26, 0x1.61246b17fe9ddp-33, 0x1.ae755ba621ab7p-41, 0x1.9a7e1d44e4519p-49

/* erf(x) / x - 1 of x^2, 0.0 to 1.0: error 2^-54.77 */
#define C_ERF \
    0x1.06eba8214db68p-3, -0x1.812746b0379c2p-2, 0x1.ce2f21a041018p-4, -0x1.b82ce312062b5p-6, \
    0x1.565bccfa9a48ap-8, -0x1.c02db072e61c7p-11, 0x1.f9a2bf7243e33p-14, -0x1.f4ca947aedf99p-17, \
    0x1.b98279cf91f33p-20, -0x1.5c16daa66443fp-23, 0x1.d78456a3753bap-27, -0x1.acdf3eaf4aed9p-31

/* -log(erfc(x)) of x - 1, 0.0 to 5.0: error 2^-55.91 */
#define C_ERF_FAR \
    0x1.d97fbf27aa2a1p+0, 0x1.51c9b0006c21ap+1, 0x1.afabc11a2afd9p-1, 0x1.5477f099b6c0bp-5, \
    -0x1.48c9d37fbf375p-7, 0x1.033f5a128e1d4p-9, -0x1.f1b04a6a235e2p-13, -0x1.b92ddd5c377fcp-16, \
    0x1.c852b2c48d6a0p-16, -0x1.44847f7a55418p-17, 0x1.1e24ec3c3805ap-19, -0x1.b7d52b1027052p-23, \
    -0x1.f24ed7ea8bc00p-25, 0x1.1ed31e1be9c0ep-25, -0x1.24b284234a902p-27, 0x1.6a953de48a561p-30, \
    -0x1.06642db4a4e2cp-33, 0x1.5654708a0ff77p-38

/* 21/32 ((1 + 2a) erfcx(a) - 1) / (1 + t) of t = (a - 4) / (a + 4), -1.0 to 1.0: error 2^-55.45 */
#define C_ERFCX \
    0x1.39253b84c72dap-3, -0x1.f4cbd51abfd82p-3, 0x1.04bbb5623c9e4p-2, -0x1.adf1ac1457261p-3, \
    0x1.2625c4580eebbp-3, -0x1.5057587cd9e86p-4, 0x1.3c17209bdffcep-5, -0x1.d11c71cbfe4d5p-7, \
    0x1.d32e1e82043c0p-9, -0x1.12cd3deb197bep-12, -0x1.ed495cd2834a3p-13, 0x1.b61d8f50ac2c1p-14, \
    -0x1.7871e98b1a3d8p-18, -0x1.5d04b796748acp-17, 0x1.97aedfb9a5f5dp-19, 0x1.7bd502e43a176p-21, \
    -0x1.14dd6fd184ea7p-21, -0x1.8dba62a606ac3p-26, 0x1.3cf326b01869bp-24, -0x1.133b84f87515ap-28, \
    -0x1.417eec6257a4fp-27, 0x1.582a9b4e156e1p-30, 0x1.ab6055dd80931p-31, -0x1.6d07cdf795a53p-33

/* log gamma(x) / ((x - 1) (x - 2)) of (x - 3/2) / (x + 3/2), -0.33333 to 0.33333: error 2^-55.09 */
#define C_LGAMMA \
    0x1.eeb95b094c191p-2, -0x1.c0638869c10cbp-2, 0x1.06ce2b0811a9ep-3, -0x1.34d888b7a3348p-3, \
    0x1.5d697320e6954p-4, -0x1.7dca5127ddda9p-4, 0x1.0570a29302e28p-4, -0x1.1547414a0eecep-4, \
    0x1.a11a1669f931fp-5, -0x1.b3c5117216de2p-5, 0x1.5abd3e8cc1146p-5, -0x1.670f1b7ba0ab6p-5, \
    0x1.28af4cd889b4ep-5, -0x1.30c3ba574c0a3p-5, 0x1.025592cc0841bp-5, -0x1.0ff363682d608p-5, \
    0x1.dc5cba6514f0fp-6, -0x1.802535ebe4226p-6, 0x1.3bbc525b477f4p-6, -0x1.6e4e155b508fcp-5, \
    0x1.5a81e7c3c70bdp-5

/* x (log gamma(x) - (x - 1/2) log x + x - log(2 pi) / 2) of 1 / x^2, 0.0 to 0.0625: error 2^-55.42 */
#define C_STIRLING \
    0x1.5555555555554p-4, -0x1.6c16c16bf901bp-9, 0x1.a01a00d075260p-11, -0x1.3812f4f529b1cp-11, \
    0x1.b921dd2d6fde3p-11, -0x1.f1f2812e2dcf9p-10, 0x1.7fb37d475afc2p-8, -0x1.318341fd5fc48p-6, \
    0x1.31d58ca3d9c2dp-5

/* exp(digamma(x)) - x + 1/2 of (x - 1) / (x + 1), 0.0 to 1.0: error 2^-56.18 */
#define C_DIGAMMA \
    0x1.f779e0fe5cbe4p-5, -0x1.391521b30e069p-3, 0x1.7cbc3a393d8b7p-3, -0x1.4e6fb38191a05p-3, \
    0x1.968e073d60364p-4, -0x1.af2744c841d81p-6, -0x1.02c275d8d49f1p-5, 0x1.0e587dddcb76fp-4, \
    -0x1.3eae84c90eb69p-4, 0x1.265080ae692cep-4, -0x1.bfd9c5b03e40dp-5, 0x1.0f001a095a2c4p-5, \
    -0x1.b34bb8364fdbcp-7, -0x1.090d9a6b815ccp-12, 0x1.8cad88215f983p-8, -0x1.85278974fe0abp-8, \
    0x1.c1ae474161d0fp-9, -0x1.4f4440942bd1ap-10, 0x1.2c4ea9ae509fcp-12, -0x1.ee4c1fceff62ep-16

/* x (x trigamma(x) - 1) of (x - 1) / (x + 1), 0.0 to 1.0: error 2^-54.34 */
#define C_TRIGAMMA \
    0x1.4a34cc4a60fa6p-1, -0x1.d3f34539fca81p-3, 0x1.b30cb135f2fa9p-4, -0x1.6b28d7e77fb7fp-6, \
    -0x1.7448d6dd3f2bcp-10, 0x1.467e92bb8819fp-11, 0x1.3353b88c66993p-12, 0x1.9a9737d0902bap-15, \
    -0x1.3cb5d4bcd31ecp-17, -0x1.21211bde3102bp-15, 0x1.9ecfa1ea16e99p-15, -0x1.070954b552d7dp-13, \
    0x1.b9aa706a9652ep-13, -0x1.1ad67ba4fa9d1p-12, 0x1.117e386a7951bp-12, -0x1.7e8f95805688cp-13, \
    0x1.7203d985bfb69p-14, -0x1.b983f9056e79dp-16, 0x1.e19144ae5c0d1p-19

/* digamma(x) / (x - its zero) of x - its zero, -0.03125 to 0.03125: error 2^-54.68 */
#define C_DIGAMMA_ROOT \
    0x1.ef72bc8ee38acp-1, -0x1.c563b54aa1a35p-2, 0x1.08b4294d50370p-2, -0x1.4fc1317257d5bp-3, \
    0x1.b9a5b637964d1p-4, -0x1.27baba26dbb1ep-4, 0x1.8fcdf6e13cb4cp-5, -0x1.0fa7e004fbcb5p-5, \
    0x1.72a968b0ca8d2p-6, -0x1.fa2149d644ef5p-7

/* ndtri(p) / (2p - 1) - 2 of w - 3, w = -log(4p (1 - p)), -3.0 to 3.0: error 2^-54.02 */
#define C_NDTRI \
    0x1.2f23d4eaed2c7p-2, 0x1.5deb0f5218a74p-2, -0x1.09e91f88fdf6dp-7, -0x1.35fee3cbde07ep-10, \
    0x1.21422adf653d5p-12, -0x1.2db79056ae3abp-16, -0x1.4bcaee8dd4c7fp-19, 0x1.55a6c8130e015p-21, \
    -0x1.1fc54c6b33942p-25, -0x1.09a944500d9bfp-27, 0x1.afce9c4d77fd6p-30, -0x1.86ebabca10a1bp-35, \
    -0x1.af1ea588882a7p-36, 0x1.0c97d91e7743dp-38, 0x1.3bea0e62527d1p-47, -0x1.51224d1667c91p-44, \
    0x1.42ec6b08231edp-47, 0x1.bf8d6dcdcc89ep-52, -0x1.08dc2b845a480p-52, 0x1.4ef8e0ac6f837p-56, \
    0x1.a8f7eeeb345dep-59, -0x1.45a3f1b7e523ap-61, -0x1.0e13585074d6fp-66, 0x1.cc2cd0e1f25a3p-68

/* -ndtri(p) / s - 11/8 of (s - 4) / (s + 4), s = sqrt(-log p), -0.1937 to 0.74441: error 2^-54.51 */
#define C_NDTRI_TAIL \
    -0x1.4a6710263b3a4p-4, 0x1.96efffd3edfd9p-2, -0x1.4610d8efe1407p-1, 0x1.90b0851cca60cp-1, \
    -0x1.c862bd31a71cdp-1, 0x1.f2405304bbb75p-1, -0x1.09e5808eec4f4p+0, 0x1.1792500d31e7fp+0, \
    -0x1.2332f84c739c4p+0, 0x1.2d39329524b4ap+0, -0x1.3615079c8e9dep+0, 0x1.3df8173caaf95p+0, \
    -0x1.451d4c1e88a85p+0, 0x1.4b9506cd945fcp+0, -0x1.512a2b3d14f4ep+0, 0x1.5584b9fb80be5p+0, \
    -0x1.5afdf6044b5f0p+0, 0x1.6a97ceb551e04p+0, -0x1.8d3e5ada1b7e5p+0, 0x1.b2ae22dd4db38p+0, \
    -0x1.a77839d7522fdp+0, 0x1.45bd2175a091bp+0, -0x1.634514b764125p-1, 0x1.e0463aac447cap-3, \
    -0x1.2ce1faa64b988p-5

/* Gauss's rule with 32 points on 0 … 1: where */
#define C_GAUSS_NODES \
    0x1.66a18fbf64a0fp-10, 0x1.d77b63ad0c91bp-8, 0x1.20aae7fac455ap-6, 0x1.0a9fed30405eep-5, \
    0x1.a8ab25d459a36p-5, 0x1.347ec0a5e57b4p-4, 0x1.a4e5adf8ed0ebp-4, 0x1.123ed9c52d88dp-3, \
    0x1.590aec76f00edp-3, 0x1.a62dd72d3a6b8p-3, 0x1.f8ef3af329ac5p-3, 0x1.2844a541c8387p-2, \
    0x1.5615518d42105p-2, 0x1.857c20798fdadp-2, 0x1.b607c563a0372p-2, 0x1.e74437b7733b6p-2, \
    0x1.0c5de42446625p-1, 0x1.24fc1d4e2fe47p-1, 0x1.3d41efc338129p-1, 0x1.54f557395ef7dp-1, \
    0x1.6bddad5f1be3cp-1, 0x1.81c431433594fp-1, 0x1.96748a34b1652p-1, 0x1.a9bd44e243fc5p-1, \
    0x1.bb70498eb49ddp-1, 0x1.cb634a40e25e3p-1, 0x1.d97027eb43509p-1, 0x1.e5754da2ba65dp-1, \
    0x1.ef56012cfbfa1p-1, 0x1.f6faa8c029dd5p-1, 0x1.fc510938a5e6ep-1, 0x1.ff4caf38204dbp-1

/* … and their weights */
#define C_GAUSS_WEIGHTS \
    0x1.cbf8bc743cc5cp-9, 0x1.0aa3c248696c9p-7, 0x1.a0060a8531ffap-7, 0x1.18c5800a355d9p-6, \
    0x1.5ee963a335495p-6, 0x1.a1c6ae961fbfap-6, 0x1.e0bd76c924981p-6, 0x1.0d9b9a62cac10p-5, \
    0x1.2854103b35e0cp-5, 0x1.40483e126fd14p-5, 0x1.553ee25ebebc6p-5, 0x1.6705e18e13ed1p-5, \
    0x1.7572bdb3f6e51p-5, 0x1.8062fc0f6fef9p-5, 0x1.87bc776f8c6d7p-5, 0x1.8b6d9eaec77adp-5, \
    0x1.8b6d9eaec77adp-5, 0x1.87bc776f8c6d7p-5, 0x1.8062fc0f6fef9p-5, 0x1.7572bdb3f6e51p-5, \
    0x1.6705e18e13ed1p-5, 0x1.553ee25ebebc6p-5, 0x1.40483e126fd14p-5, 0x1.2854103b35e0cp-5, \
    0x1.0d9b9a62cac10p-5, 0x1.e0bd76c924981p-6, 0x1.a1c6ae961fbfap-6, 0x1.5ee963a335495p-6, \
    0x1.18c5800a355d9p-6, 0x1.a0060a8531ffap-7, 0x1.0aa3c248696c9p-7, 0x1.cbf8bc743cc5cp-9

/* e^-x I0(x) of x / 4 - 1, -1.0 to 1.0: error 2^-50.07 */
#define C_I0E \
    0x1.a7f09f8eedf5dp-3, -0x1.cedda0048633dp-4, 0x1.8322d1d8a346ap-4, -0x1.6cb8d0c90c1c5p-4, \
    0x1.65c235c0043bfp-4, -0x1.5c028fe7a8c9ap-4, 0x1.44b619684ff2ap-4, -0x1.1cd73a766d267p-4, \
    0x1.d11e11254265cp-5, -0x1.602413b74116cp-5, 0x1.ee6f53fb26448p-6, -0x1.427af35dffcfap-6, \
    0x1.87e8796edb227p-7, -0x1.bd26f1d09218cp-8, 0x1.da19fce827053p-9, -0x1.daea97cb123f9p-10, \
    0x1.c0f7b9ec37660p-11, -0x1.91f1d4d026ba4p-12, 0x1.54971548a410dp-13, -0x1.1078332e77568p-14, \
    0x1.a608e94ec0c0fp-16, -0x1.466bbd695693bp-17, 0x1.bbacaee24c41ep-19, -0x1.baf233b07380fp-21, \
    0x1.49435bba88af2p-22, -0x1.a050f82dee2fcp-23, 0x1.bcb4187711499p-25

/* e^-x I1(x) / x of x / 4 - 1, -1.0 to 1.0: error 2^-51.39 */
#define C_I1E \
    0x1.6e14eb8e5d31ap-5, -0x1.f4bb071a7753cp-5, 0x1.16c390ddb07b7p-4, -0x1.1881379ffb081p-4, \
    0x1.0530f81804299p-4, -0x1.c4daa5135f05ap-5, 0x1.6df95e8b0def3p-5, -0x1.13d5f3565e527p-5, \
    0x1.84125b20a9912p-6, -0x1.fe3d9c64df0e5p-7, 0x1.3a0c18f14f01ap-7, -0x1.6ab69e6088a22p-8, \
    0x1.89f8b9266d326p-9, -0x1.93687f8987a8fp-10, 0x1.8655ecbe65ae9p-11, -0x1.65bb5adc8e702p-12, \
    0x1.374950f91ef90p-13, -0x1.01c46f9f55468p-14, 0x1.96567cdd26c6bp-16, -0x1.310a7a6fdf756p-17, \
    0x1.bb6c9820a7cc4p-19, -0x1.3b87540e33221p-20, 0x1.913d51e581050p-22, -0x1.a6af6ec7f29a2p-24, \
    0x1.35d437f01791fp-25, -0x1.36a2c28a06469p-26, 0x1.22d2a44eaeb21p-28

/* sqrt(x) e^-x I0(x) of 16 / x - 1, -1.0 to 1.0: error 2^-55.07 */
#define C_I0E_FAR \
    0x1.9bd428ad249a5p-2, 0x1.b87969bb93aebp-9, 0x1.1daa72b5ce867p-13, 0x1.75e5ee75278d2p-17, \
    0x1.8e513c544e5a3p-20, 0x1.3f499b6f0192bp-22, 0x1.7d0ce2405ed2ap-24, 0x1.51d35f960f6d3p-25, \
    0x1.72877ae2ff580p-26, 0x1.030945f5a917bp-27, -0x1.d72eb32b4c5abp-28, -0x1.ca6ac1e0a89d3p-27, \
    -0x1.589d1f654e8cap-28, 0x1.fa66003902f03p-28, 0x1.bf8d916625f92p-28, -0x1.b4e5a9ded5800p-29, \
    -0x1.36394e6c21fc2p-28, 0x1.39af3fcf34ab4p-30, 0x1.27402d73262a9p-29, -0x1.465a166ebf610p-32, \
    -0x1.60bc028d153d4p-31, 0x1.5b8488f136073p-35, 0x1.8998cabf83eefp-34

/* sqrt(x) e^-x I1(x) of 16 / x - 1, -1.0 to 1.0: error 2^-55.19 */
#define C_I1E_FAR \
    0x1.8ebe783a84030p-2, -0x1.3f796198ee609p-7, -0x1.cbc54df1d4acap-13, -0x1.f89c230951011p-17, \
    -0x1.ec8e1259c7831p-20, -0x1.76137447868a9p-22, -0x1.ad8b14c567c97p-24, -0x1.727e845106d03p-25, \
    -0x1.91e63211c50a7p-26, -0x1.21162ea82ec78p-27, 0x1.d67587626b6fep-28, 0x1.e01f1c98c4292p-27, \
    0x1.7f0a2bb4d1816p-28, -0x1.00dfaa0768d1bp-27, -0x1.dd2ccf74f43e4p-28, 0x1.ae128ccf48645p-29, \
    0x1.46fc209baf0dbp-28, -0x1.2cbf3930a75fap-30, -0x1.35eafa2abf3e5p-29, 0x1.330c50f168118p-32, \
    0x1.71dcc971000f8p-31, -0x1.434bc2f6a9c58p-35, -0x1.9cd73a993ad5dp-34

/* (I0(x) - 1) / x^2 of x^2, 0.0 to 4.0: error 2^-57.99 */
#define C_I0_REST \
    0x1.0000000000000p-2, 0x1.ffffffffffffcp-7, 0x1.c71c71c71ca0bp-12, 0x1.c71c71c6fe617p-18, \
    0x1.23456793527d3p-24, 0x1.02e8588ddf23fp-31, 0x1.522bbcf66e4d4p-39, 0x1.51cd66b15d6a8p-47, \
    0x1.177bb2efdb952p-55

/* K0(x) + log(x / 2) I0(x) of x^2, 0.0 to 4.0: error 2^-54.77 */
#define C_K0 \
    -0x1.2788cfc6fb619p-1, 0x1.b0ee6072093cfp-4, 0x1.d877303904992p-7, 0x1.1dd628653284dp-11, \
    0x1.56b9b69da70d6p-17, 0x1.f0f15ad17218cp-24, 0x1.e4e0c322387e8p-31, 0x1.54d1db7f03ac4p-38, \
    0x1.6967e62126fdbp-46, 0x1.3cee8fe2e987ap-54

/* x (K1(x) - log(x / 2) I1(x)) of x^2, 0.0 to 4.0: error 2^-55.39 */
#define C_K1 \
    0x1.0000000000000p+0, 0x1.3c467e37db095p-5, -0x1.5877303904846p-5, -0x1.73ddae5eebd6bp-9, \
    -0x1.3a47ef8094f94p-14, -0x1.246282693cb0fp-20, -0x1.5b7a05a509c26p-27, -0x1.1fa73456974c1p-34, \
    -0x1.5eb7276cfc090p-42, -0x1.5dd5b15a5c4f4p-50

/* sqrt(x) e^x K0(x) of 4 / x - 1, -1.0 to 1.0: error 2^-55.34 */
#define C_K0_FAR \
    0x1.37f5dd35f91a9p+0, -0x1.fd1328181dbafp-6, 0x1.8d86f6465f2fep-9, -0x1.f713068865ef8p-12, \
    0x1.a19652df888b7p-14, -0x1.9efce5fc2f1dcp-16, 0x1.d5e9adff478a1p-18, -0x1.2617f00c742c7p-19, \
    0x1.8ec5eec2db6a1p-21, -0x1.20cf923df58e7p-22, 0x1.ba5467d2d39fap-24, -0x1.60ac517ca5e98p-25, \
    0x1.23324b720101ep-26, -0x1.13c1ddddd0edbp-27, 0x1.123ea0efe32e4p-28, -0x1.6cf7bca944012p-31, \
    -0x1.7881a4066a669p-33, -0x1.540e014d81882p-30, 0x1.0c61f0e404391p-30, 0x1.e331f3b6d4dfbp-32, \
    -0x1.a279fe7cb7abcp-32, -0x1.830e3042ad4afp-33, 0x1.0bb6ace462993p-33

/* sqrt(x) e^x K1(x) of 4 / x - 1, -1.0 to 1.0: error 2^-54.59 */
#define C_K1_FAR \
    0x1.5cf785b4a0203p+0, 0x1.a7520dfb3f9bdp-4, -0x1.6cd23ac7d4f35p-8, 0x1.81bb3978f00dfp-11, \
    -0x1.24bdedaed9074p-13, 0x1.1383aa8f8d920p-15, -0x1.2cb03197ef4f0p-17, 0x1.6e6b1eaa38976p-19, \
    -0x1.e6c8079c2901bp-21, 0x1.5ae12b8ce024bp-22, -0x1.0623c15ffe331p-23, 0x1.9da41f1aa93e7p-25, \
    -0x1.52a4c2f5bfcc7p-26, 0x1.3c99b24a37969p-27, -0x1.3747ff41bda63p-28, 0x1.b5aa0d3988e60p-31, \
    0x1.5277ae67c8a07p-33, 0x1.7662b80baae44p-30, -0x1.25765b720b289p-30, -0x1.0694cb9281203p-31, \
    0x1.c6309b8ffdb41p-32, 0x1.a7ead7e6db49ep-33, -0x1.241fb275c4426p-33

#endif
