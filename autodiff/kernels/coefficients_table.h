/* Made by coefficients.py; do not edit. Lowest power first. */
#ifndef VM_AUTODIFF_KERNELS_COEFFICIENTS_H
#define VM_AUTODIFF_KERNELS_COEFFICIENTS_H
/* clang-format off */

/* (exp(x) - 1 - x) / x^2, -0.34727 to 0.34727: error 2^-57.18 */
#define C_EXP \
    0x1.000000000000bp-1, 0x1.5555555555561p-3, 0x1.555555555028ep-5, 0x1.111111110d6e5p-7, \
    0x1.6c16c1854e6bfp-10, 0x1.a01a01bab917dp-13, 0x1.a0199737db1f7p-16, 0x1.71dde00bbeb42p-19, \
    0x1.28afe45cb674ep-22, 0x1.af8545dd9dc57p-26

/* (exp(x) - 1 - x - x^2 / 2) / x^3, -0.34727 to 0.34727: error 2^-57.78 */
#define C_EXP_REST \
    0x1.5555555555557p-3, 0x1.5555555555557p-5, 0x1.111111111017ep-7, 0x1.6c16c16c15467p-10, \
    0x1.a01a01abafd1fp-13, 0x1.a01a01ac694dcp-16, 0x1.71de02a7d1a12p-19, 0x1.27e4cdc0b3f06p-22, \
    0x1.af4d44db364bcp-26, 0x1.1f8a248538518p-29

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

/* 2 (artanh(s) - s - s^3 / 3 - s^5 / 5) / s^7 of s^2, 0.0 to 0.029437: error 2^-51.76 */
#define C_LOG_REST_7 \
    0x1.2492492492497p-2, 0x1.c71c71c71533ep-3, 0x1.745d17552185dp-3, 0x1.3b13a5193bf57p-3, \
    0x1.1115a2d756975p-3, 0x1.e01f37c9952afp-4, 0x1.d9cc0f13fe1cdp-4

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

/* ((1 + 2a) erfcx(a) - 1) / (1 + t) of t = (a - 4) / (a + 4), -1.0 to 1.0: error 2^-54.24 */
#define C_ERFCX \
    0x1.dd2c8b74febf6p-3, -0x1.7d8f1c452473fp-2, 0x1.8d4ecb405c5eep-2, -0x1.47938f4c73293p-2, \
    0x1.c0398cb6f22a3p-3, -0x1.00428c8fe2fa3p-3, 0x1.e1a95642db690p-5, -0x1.625ed09b6c6bap-6, \
    0x1.63f260630f6abp-8, -0x1.a2bed841aced8p-12, -0x1.77d65f1a4ba64p-12, 0x1.4dcd6100832dcp-13, \
    -0x1.1ed0b1f013fe2p-17, -0x1.09eb368b0375fp-16, 0x1.369d9e444daf1p-18, 0x1.2165578950d4dp-20, \
    -0x1.a5e3b69499c6dp-21, -0x1.2f07e9a311464p-25, 0x1.e2f89c7a0cd1dp-24, -0x1.a366e300b26a2p-28, \
    -0x1.e9e5fa7d795cdp-27, 0x1.0638d7d9f7f25p-29, 0x1.459ebb536e26fp-30, -0x1.161e53c8d38a1p-32

/* ((1 + a) erfcx(a / sqrt 2) - 1) / (1 + t) of t = (a - 5.5) / (a + 5.5), -1.0 to 1.0: error 2^-56.3 */
#define C_NORMAL_TAIL \
    -0x1.5e6469171ac40p-4, -0x1.7547e085f1bf4p-4, 0x1.4edc42e098775p-3, -0x1.45c9a39910566p-3, \
    0x1.dc27a1ad1b3d8p-4, -0x1.150c300895834p-4, 0x1.fed4b58faefd5p-6, -0x1.5fc96afb1347ep-7, \
    0x1.2467e01804cfbp-9, 0x1.6b024dac02ba3p-14, -0x1.059bd80a4227fp-12, 0x1.1ec3a1f9d73fap-14, \
    0x1.399f8e43b7a80p-17, -0x1.5a1ca007ad450p-17, 0x1.f340fa609d5d8p-21, 0x1.3e866b8d4e5ddp-20, \
    -0x1.3c8e7e5913111p-22, -0x1.1c18519c7a3e8p-23, 0x1.cbf34b2129166p-25, 0x1.fe8715aa19c66p-27, \
    -0x1.09bd0b0e2cea6p-27, -0x1.794e16e0fddc6p-30, 0x1.7af393a0281aap-31, 0x1.b89d7fd69d189p-35

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

/* digamma(x) / (x - its zero) of x - its zero, -0.125 to 0.125: error 2^-54.52 */
#define C_DIGAMMA_ROOT \
    0x1.ef72bc8ee38acp-1, -0x1.c563b54aa1a33p-2, 0x1.08b4294d50374p-2, -0x1.4fc131725a5f1p-3, \
    0x1.b9a5b6371acdep-4, -0x1.27baba1c0e2afp-4, 0x1.8fce029331f81p-5, -0x1.0fa7fd6c6b3a8p-5, \
    0x1.723d902fa1791p-6, -0x1.f953b56365142p-7, 0x1.593adaea5de48p-7, -0x1.e38a5a2966f91p-8, \
    0x1.4be52e27eea93p-8

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

/* The same with 40 points */
#define C_GAUSS_40_NODES \
    0x1.cdf94ca3070eap-11, 0x1.2fe1f2bf9542dp-8, 0x1.7492aec84312bp-7, 0x1.58bed3a6078a4p-6, \
    0x1.1332e072735e7p-5, 0x1.9100d764edd8bp-5, 0x1.1283d2f057f02p-4, 0x1.6731b3e583bc1p-4, \
    0x1.c607afc6a6241p-4, 0x1.1739e220b3b14p-3, 0x1.4fea963d0398cp-3, 0x1.8cbeac535a8e1p-3, \
    0x1.cd587d6df506cp-3, 0x1.08aa49dc89aacp-2, 0x1.2c2521d2eb097p-2, 0x1.50e62688f4cb5p-2, \
    0x1.76b4c1be15f78p-2, 0x1.9d56be21bd13ap-2, 0x1.c490a0f1b9f8dp-2, 0x1.ec26058da6390p-2, \
    0x1.09ecfd392ce38p-1, 0x1.1db7af872303ap-1, 0x1.3154a0ef21763p-1, 0x1.44a59f20f5044p-1, \
    0x1.578cecbb859a5p-1, 0x1.69ed6f168a7b5p-1, 0x1.7baadb11bb2aap-1, 0x1.8ca9e0a482be5p-1, \
    0x1.9cd054eb295c8p-1, 0x1.ac055a70bf19dp-1, 0x1.ba318777d313bp-1, 0x1.c73f0a072b3b8p-1, \
    0x1.d319c9834f888p-1, 0x1.ddaf85a1f5020p-1, 0x1.e6eff289b1227p-1, 0x1.eeccd1f8d8ca2p-1, \
    0x1.f53a0962cfc3bp-1, 0x1.fa2db544def3bp-1, 0x1.fda03c1a80d58p-1, 0x1.ff8c81acd73e4p-1

/* … and their weights */
#define C_GAUSS_40_WEIGHTS \
    0x1.284e71463c0d6p-9, 0x1.5801fe5cda0a0p-8, 0x1.0d0ae92dd2f62p-7, 0x1.6c79dab0af3a4p-7, \
    0x1.c9b84cd4f2e15p-7, 0x1.121b1d8e9a250p-6, 0x1.3db419e3c9685p-6, 0x1.6763f67ce7b6cp-6, \
    0x1.8eea82a7d6915p-6, 0x1.b40ae2c10a3f5p-6, 0x1.d68bed38b1964p-6, 0x1.f638825187601p-6, \
    0x1.096feee7215d1p-5, 0x1.162af0fc7e7f7p-5, 0x1.2139adc432380p-5, 0x1.2a8b1efb50a42p-5, \
    0x1.3210ebf5b8207p-5, 0x1.37bf7fb3ffa5fp-5, 0x1.3b8e1ab8156dfp-5, 0x1.3d76e07d01470p-5, \
    0x1.3d76e07d01470p-5, 0x1.3b8e1ab8156dfp-5, 0x1.37bf7fb3ffa5fp-5, 0x1.3210ebf5b8207p-5, \
    0x1.2a8b1efb50a42p-5, 0x1.2139adc432380p-5, 0x1.162af0fc7e7f7p-5, 0x1.096feee7215d1p-5, \
    0x1.f638825187601p-6, 0x1.d68bed38b1964p-6, 0x1.b40ae2c10a3f5p-6, 0x1.8eea82a7d6915p-6, \
    0x1.6763f67ce7b6cp-6, 0x1.3db419e3c9685p-6, 0x1.121b1d8e9a250p-6, 0x1.c9b84cd4f2e15p-7, \
    0x1.6c79dab0af3a4p-7, 0x1.0d0ae92dd2f62p-7, 0x1.5801fe5cda0a0p-8, 0x1.284e71463c0d6p-9

/* The same with 5 */
#define C_GAUSS_5_NODES \
    0x1.80498fd662cb6p-5, 0x1.d89b804cc91f6p-3, 0x1.0000000000000p-1, 0x1.89d91feccdb82p-1, \
    0x1.e7fb670299d35p-1

/* … and their weights */
#define C_GAUSS_5_WEIGHTS \
    0x1.e539ec36e038cp-4, 0x1.ea1da25ae415bp-3, 0x1.23456789abcdfp-2, 0x1.ea1da25ae415bp-3, \
    0x1.e539ec36e038cp-4

/* Zeros of lgamma from -3 to -17, as sums of two, and the cotangent of pi times them */
#define C_LGAMMA_ZEROS \
    -0x1.3a7fc9600f86cp+1, -0x1.55f64f98af8d0p-55, -0x1.1631c4bfeda39p-3, -0x1.5fb410a1bd901p+1, \
    0x1.a19a96d2e6f85p-54, 0x1.f8994e0357cb2p-1, -0x1.9260dbc9e59afp+1, -0x1.f717cd335a7b3p-53, \
    -0x1.08418bbbc23d1p+1, -0x1.fa471547c2fe5p+1, -0x1.70d4561291237p-56, 0x1.c4aff1c592cb4p+2, \
    -0x1.0284e78599581p+2, 0x1.e78c1e9e43cfep-53, -0x1.0174c0097befcp+3, -0x1.3f7577a6eeafdp+2, \
    0x1.5de5eab7f12cfp-53, 0x1.2d18bbe2a8c64p+5, -0x1.4086a57f0b6d9p+2, -0x1.95262b72ca9cap-55, \
    -0x1.35ca7466f01b0p+5, -0x1.7fe92f591f40dp+2, -0x1.7dd4ed62cbd32p-52, 0x1.c92b09ccbb133p+7, \
    -0x1.8016b25897c8dp+2, 0x1.27e0f49a4ba72p-54, -0x1.cb8d7b3c1400fp+7, -0x1.bffcbf76b86f0p+2, \
    0x1.853b29347b806p-57, 0x1.90e8f2592abf1p+10, -0x1.c0033fdedfe1fp+2, 0x1.20bb7d2324678p-52, \
    -0x1.913b124255993p+10, -0x1.ffff97f8159cfp+2, -0x1.e54f415a91586p-55, 0x1.910c95d8945e4p+13, \
    -0x1.000034028b3f9p+3, -0x1.f60cb3cec1cedp-52, -0x1.91177ccf00299p+13, -0x1.1ffffa3884bd0p+3, \
    -0x1.ff90c9d2ae925p-53, 0x1.c3339321f2b7fp+16, -0x1.200005c7768fbp+3, -0x1.b5b610ffb70d4p-54, \
    -0x1.c335021c7954bp+16, -0x1.3fffff6c0d7c0p+3, 0x1.197cea8c42d7dp-51, 0x1.1a00a2a98fde6p+20, \
    -0x1.40000093f2777p+3, -0x1.927b45d95e154p-52, -0x1.1a00ba9dfab40p+20, -0x1.5ffffff28cdd4p+3, \
    0x1.c9924a65aa486p-53, 0x1.83c0ee9318af8p+23, -0x1.6000000d7322ap+3, -0x1.8aecb2d37ff52p-51, \
    -0x1.83c0f1af47c51p+23, -0x1.7ffffffee1127p+3, -0x1.ce1f7906b30f5p-54, 0x1.22d0b3ff2967fp+27, \
    -0x1.800000011eed9p+3, 0x1.19d5307e1fb5ep-53, -0x1.22d0b4329ef2ap+27, -0x1.9fffffffe9edcp+3, \
    0x1.84f40342d001cp-51, 0x1.d89324a5225e4p+30, -0x1.a000000016124p+3, -0x1.84e03341ee8ddp-51, \
    -0x1.d89324abc334fp+30, -0x1.bffffffffe6c7p+3, 0x1.d2a30f3dae0fbp-51, 0x1.9d80c0132df53p+34, \
    -0x1.c000000001939p+3, -0x1.d2a2f4a73af63p-51, -0x1.9d80c0139aebap+34, -0x1.dfffffffffe52p+3, \
    0x1.fcf9ccfd8867ep-51, 0x1.83a8b4122aabfp+38, -0x1.e0000000001aep+3, -0x1.fcf9ccde87210p-51, \
    -0x1.83a8b41231a6dp+38, -0x1.fffffffffffe5p+3, -0x1.80c18cc43ea26p-53, 0x1.83a8b4122df04p+42, \
    -0x1.000000000000dp+4, -0x1.cfe7ce6768509p-50, -0x1.83a8b4122e628p+42, -0x1.0ffffffffffffp+4, \
    -0x1.ab4e23f3d49f1p-51, 0x1.9be33f5351085p+46

/* Zeros of digamma from 0 to -32, as sums of two, and the sine of pi times them */
#define C_DIGAMMA_ZEROS \
    -0x1.02172b05ee260p-1, -0x1.2cd704405bff6p-57, -0x1.fff537960b19ep-1, -0x1.92d0cbc289d4ap+0, \
    -0x1.2262d144a30e4p-56, 0x1.f269638a42d98p-1, -0x1.4e2c19f679e5ap+1, 0x1.c7b999bd14f47p-54, \
    -0x1.e15642308f80dp-1, -0x1.d1514b041b2a8p+1, 0x1.f71449c2a5446p-55, 0x1.d271b030354a1p-1, \
    -0x1.29cea5c1ccbd0p+2, -0x1.25e92119a56a9p-52, -0x1.c5ceb3ed72426p-1, -0x1.6ab2ca18e6ce3p+2, \
    -0x1.da7ecae62c5bdp-59, 0x1.bb017863c3edap-1, -0x1.ab6b34398a4ffp+2, 0x1.9027e5b26e237p-52, \
    -0x1.b1a7632f3703dp-1, -0x1.ec04b952a5368p+2, -0x1.37a62af51caacp-53, 0x1.a974615842016p-1, \
    -0x1.1643b3352a3f5p+3, -0x1.7ad951453a497p-52, -0x1.a22f471d7e29cp-1, -0x1.367c4b1f635e4p+3, \
    -0x1.776d89f6e1950p-52, 0x1.9bace59a4d86ep-1, -0x1.56ae014434848p+3, -0x1.6a6ede6ee3df8p-51, \
    -0x1.95cc2c6a7dfcdp-1, -0x1.76da2d93df103p+3, 0x1.efa7c6ac12c96p-51, 0x1.90736562838ffp-1, \
    -0x1.9701cf864ba95p+3, -0x1.11f3c0c1a3c48p-51, -0x1.8b8e438789e56p-1, -0x1.b725a99120b77p+3, \
    0x1.05099936de9a6p-51, 0x1.870c84df8e34ep-1, -0x1.d74652d341c14p+3, -0x1.51bec0981dfc3p-55, \
    -0x1.82e0f8bebd568p-1, -0x1.f76442d8ce088p+3, 0x1.e69f83449d240p-54, 0x1.7f00cb1dfd402p-1, \
    -0x1.0bbfecd60fcd2p+4, -0x1.5b03d79730b50p-50, -0x1.7b62ffe82fa67p-1, -0x1.1bccb2c0db753p+4, \
    -0x1.277b1b18b6e89p-51, 0x1.78001011fc2e6p-1, -0x1.2bd89365e9bbcp+4, 0x1.bf2dff73ec7d7p-51, \
    -0x1.74d19ed9cc076p-1, -0x1.3be3a99ba082fp+4, 0x1.7706c7df831a0p-51, 0x1.71d2408d0156dp-1, \
    -0x1.4bee0bf2c8a59p+4, 0x1.0e13b5b8642eep-50, -0x1.6efd4e2f7230ap-1, -0x1.5bf7cd8e6df44p+4, \
    -0x1.60f941f9df359p-50, 0x1.6c4ec2bc23209p-1, -0x1.6c00fec99a5e1p+4, -0x1.44cb98150508ap-50, \
    -0x1.69c31fa3329c8p-1, -0x1.7c09adb82cab7p+4, 0x1.d63854e815fc4p-51, 0x1.675756cd6f52cp-1, \
    -0x1.8c11e68c26cbcp+4, -0x1.7b92945c2511ap-50, -0x1.6508b8e1da3b5p-1, -0x1.9c19b3e62b0fdp+4, \
    0x1.78f2752af50aap-50, 0x1.62d4e6dbd9b64p-1, -0x1.ac211f160c1b4p+4, 0x1.46b0a582b43e1p-50, \
    -0x1.60b9c63c6b174p-1, -0x1.bc28304f0b1aap+4, -0x1.0249e16649a75p-53, 0x1.5eb5774c122f4p-1, \
    -0x1.cc2eeed275f6bp+4, -0x1.bc0a1578fc125p-50, -0x1.5cc64d0353fdfp-1, -0x1.dc356112ae729p+4, \
    -0x1.0c78355f478f1p-51, 0x1.5aeac6476ddc3p-1, -0x1.ec3b8cd027c0fp+4, -0x1.302f44068f350p-50, \
    -0x1.5921883af55b9p-1, -0x1.fc4177318ce68p+4, -0x1.82947719a7facp-51, 0x1.5769596fb4d56p-1

/* lgamma(x) / d of d = x + 2.45702, near a zero, -0.05 to 0.05: error 2^-53.94 */
#define C_LGAMMA_ROOT \
    0x1.83fe966af535fp+0, 0x1.36eebb002f55dp+2, 0x1.694a6058a7858p+0, 0x1.1718d7ca09e5bp+3, \
    0x1.7339fe04b2767p+2, 0x1.8d32f682aa0c4p+4, 0x1.809f04ee6d2fcp+4, 0x1.48eaa81655eebp+6, \
    0x1.9297adb4a0032p+6, 0x1.286fb8cdb0b3dp+8, 0x1.a92e086435919p+8, 0x1.1a9d4bafdd016p+10, \
    0x1.c4ce73c4e2f37p+10, 0x1.18748ae2631a6p+12, 0x1.e5820f9789f37p+12, 0x1.1e52d50945898p+14, \
    0x1.13fd7415b54b2p+15, 0x1.3c232eaa5b49ep+16

/* lgamma(x) / d of d = x + 2.74768, near a zero, -0.05 to 0.05: error 2^-53.35 */
#define C_LGAMMA_ROOT_2 \
    -0x1.ea12da904b18cp+0, 0x1.3267f3c265a52p+3, -0x1.4185ac30c8beap+4, 0x1.f504accc9f142p+5, \
    -0x1.858845820a653p+7, 0x1.4373f7cc7942fp+9, -0x1.12239bdaf20a5p+11, 0x1.dba65e1ad55b4p+12, \
    -0x1.a2d252c76c501p+14, 0x1.7581787aa1edcp+16, -0x1.506bb441c2f93p+18, 0x1.318dd8576db05p+20, \
    -0x1.17939fb58fc18p+22, 0x1.01463e39e62bdp+24, -0x1.d5ff213f7b2c6p+25, 0x1.b31a0d4d09f90p+27, \
    -0x1.e3a2a352c713cp+29, 0x1.cd3dc107daaa7p+31

/* (I0(x) - 1) / x^2 of x^2, 0.0 to 9.0: error 2^-57.44 */
#define C_I0_REST \
    0x1.0000000000000p-2, 0x1.0000000000000p-6, 0x1.c71c71c71c71cp-12, 0x1.c71c71c71c71cp-18, \
    0x1.23456789abce1p-24, 0x1.02e85c0898ab6p-31, 0x1.522a43f65a496p-39, 0x1.522a43f46d480p-47, \
    0x1.0b3132f7a3401p-55, 0x1.5601666cde198p-64, 0x1.69d1abae771b3p-73, 0x1.40a63ffea395fp-82, \
    0x1.0638cc2a9bbafp-91

/* (2 I1(x) / x - 1) / x^2 of x^2, 0.0 to 9.0: error 2^-55.72 */
#define C_I1_REST \
    0x1.0000000000000p-3, 0x1.5555555555555p-8, 0x1.c71c71c71c71cp-14, 0x1.6c16c16c16c17p-20, \
    0x1.845c8a0ce512ap-27, 0x1.27e4fb7789ef6p-34, 0x1.522a43f657aefp-42, 0x1.2c9758d9ec47ep-50, \
    0x1.ab81eaed2461fp-59, 0x1.f176732cf198dp-68, 0x1.e26b11d9b74a9p-77, 0x1.8acbce3d2fdcdp-86, \
    0x1.2a48ae1064b61p-95

/* (K0(x) + (log(x / 2) + gamma) I0(x)) / x^2 of x^2, gamma Euler's constant, 0.0 to 1.0: error 2^-55.21 */
#define C_K0_REST \
    0x1.0000000000000p-2, 0x1.7ffffffffffaap-6, 0x1.a12f684be4ed3p-11, 0x1.da12f6745a740p-17, \
    0x1.4c88e1f827a52p-23, 0x1.3d20c89a54b85p-30, 0x1.bcb6693f6ce7fp-38

/* (x K1(x) - 1 - x (log(x / 2) + gamma) I1(x)) / x^2 of x^2, 0.0 to 1.0: error 2^-55.93 */
#define C_K1_REST \
    -0x1.0000000000000p-2, -0x1.4000000000000p-4, -0x1.1c71c71c71bf3p-8, -0x1.bda12f685c15cp-14, \
    -0x1.8d76b538fa524p-20, -0x1.cb8fb4e66f175p-27, -0x1.74ff585cafeb9p-34, -0x1.c7798ad1fa73ap-42

/* sqrt(x) e^-x I0(x) - 13/32 of (x - c) / (x + c), c^2 = 24, -0.24041 to 0.24041: error 2^-61.41 */
#define C_I0_MIDDLE \
    0x1.230bd53d5dca4p-8, -0x1.ca4b871c4ac0ep-6, 0x1.4dd70d636705bp-5, -0x1.f37ae01119db6p-5, \
    0x1.37d90ddc8c78dp-4, -0x1.7d2baef4d997cp-5, -0x1.e4f06a4b6ce17p-5, 0x1.6128ea20fc221p-3, \
    -0x1.2557c93de283ep-3, -0x1.33b6c6b5a515ap-6, 0x1.1617b8da42eaep-4, 0x1.f6385db2048a5p-5, \
    -0x1.556239014df0bp-4, -0x1.70e56e7bb9f69p-5, 0x1.417bd63073f48p-6, 0x1.3f7941fcc72ddp-4, \
    0x1.9edcebb055d6dp-8, -0x1.2bb09834d0fcbp-5, -0x1.91d7949098670p-5

/* sqrt(x) e^-x I0(x) - 13/32 of 16 / x - 1, -1.0 to 1.0: error 2^-56.44 */
#define C_I0_FAR \
    -0x1.0af5d4b6d96d3p-8, 0x1.b87969bb93aebp-9, 0x1.1daa72b5ce867p-13, 0x1.75e5ee75278d2p-17, \
    0x1.8e513c544e5a3p-20, 0x1.3f499b6f0192bp-22, 0x1.7d0ce2405ed2ap-24, 0x1.51d35f960f6d3p-25, \
    0x1.72877ae2ff580p-26, 0x1.030945f5a917bp-27, -0x1.d72eb32b4c5abp-28, -0x1.ca6ac1e0a89d3p-27, \
    -0x1.589d1f654e8cap-28, 0x1.fa66003902f03p-28, 0x1.bf8d916625f92p-28, -0x1.b4e5a9ded5800p-29, \
    -0x1.36394e6c21fc2p-28, 0x1.39af3fcf34ab4p-30, 0x1.27402d73262a9p-29, -0x1.465a166ebf610p-32, \
    -0x1.60bc028d153d4p-31, 0x1.5b8488f136073p-35, 0x1.8998cabf83eefp-34

/* sqrt(x) e^x K0(x) of (x - c) / (x + c), c^2 = 2, -0.17157 to 0.17157: error 2^-55.98 */
#define C_K0_MIDDLE \
    0x1.2b75c3eb33687p+0, 0x1.0d034f695a11ap-3, -0x1.4fe32a6affaf9p-4, 0x1.edcddbcbfd1a2p-5, \
    -0x1.816b3dbef6e15p-5, 0x1.3a43a4f83b9b3p-5, -0x1.07b0d02476ed8p-5, 0x1.c453496c0ed91p-6, \
    -0x1.8a7c5364d7fa7p-6, 0x1.5cb9e2b915062p-6, -0x1.37a95b8505fbcp-6, 0x1.1800981009d90p-6, \
    -0x1.fc3bbc353e605p-7, 0x1.0102a88f55aa4p-6, -0x1.e052e7de36607p-7

/* sqrt(x) e^x K0(x) of 4 / x - 1, -1.0 to 1.0: error 2^-55.55 */
#define C_K0_FAR \
    0x1.37f5dd35f91a9p+0, -0x1.fd1328181dbb0p-6, 0x1.8d86f6465f1e9p-9, -0x1.f71306886508dp-12, \
    0x1.a19652dfdc83dp-14, -0x1.9efce5fd6daa9p-16, 0x1.d5e9adaed4466p-18, -0x1.2617efa7f4afap-19, \
    0x1.8ec602af00d67p-21, -0x1.20cfa3944fbdep-22, 0x1.ba518427cacbcp-24, -0x1.60aa875517057p-25, \
    0x1.2353cc463f0f3p-26, -0x1.13d0a35981ce9p-27, 0x1.1144e17c814c3p-28, -0x1.6bc485f449b7bp-31, \
    -0x1.531c72e60cd48p-33, -0x1.54883a5bd754cp-30, 0x1.08e78f5d7eb1cp-30, 0x1.e40b6e190ff06p-32, \
    -0x1.9ca018de6105fp-32, -0x1.83610c7af316ap-33, 0x1.09967fcfc413ep-33

/* sqrt(x) e^-x I1(x) - 13/32 of (x - c) / (x + c), c^2 = 24, -0.24041 to 0.24041: error 2^-58.43 */
#define C_I1_MIDDLE \
    -0x1.4a61d5bf4135dp-5, 0x1.29f489fa8927cp-4, -0x1.752f3c92816f0p-4, 0x1.eae6e93070adfp-4, \
    -0x1.2c11ff8d9940bp-3, 0x1.02d71161fc152p-3, -0x1.0f145590415eap-6, -0x1.f1a33555fb60ap-4, \
    0x1.f8803be5d757ep-4, 0x1.d7f9b8481b07dp-6, -0x1.6b553bee5b25dp-4, -0x1.3e671124c416dp-5, \
    0x1.308c0b65b0073p-4, 0x1.a9248ad1acb3fp-5, -0x1.18cf9399fc37ep-5, -0x1.19068721ac569p-4, \
    -0x1.3bd7dca9be12ep-7, 0x1.823bcc117e058p-5, 0x1.3cd1f98f8e860p-5

/* sqrt(x) e^-x I1(x) - 13/32 of 16 / x - 1, -1.0 to 1.0: error 2^-56.36 */
#define C_I1_FAR \
    -0x1.14187c57bfd04p-6, -0x1.3f796198ee609p-7, -0x1.cbc54df1d4acap-13, -0x1.f89c230951011p-17, \
    -0x1.ec8e1259c7831p-20, -0x1.76137447868a9p-22, -0x1.ad8b14c567c97p-24, -0x1.727e845106d03p-25, \
    -0x1.91e63211c50a7p-26, -0x1.21162ea82ec78p-27, 0x1.d67587626b6fep-28, 0x1.e01f1c98c4292p-27, \
    0x1.7f0a2bb4d1816p-28, -0x1.00dfaa0768d1bp-27, -0x1.dd2ccf74f43e4p-28, 0x1.ae128ccf48645p-29, \
    0x1.46fc209baf0dbp-28, -0x1.2cbf3930a75fap-30, -0x1.35eafa2abf3e5p-29, 0x1.330c50f168118p-32, \
    0x1.71dcc971000f8p-31, -0x1.434bc2f6a9c58p-35, -0x1.9cd73a993ad5dp-34

/* sqrt(x) e^x K1(x) of (x - c) / (x + c), c^2 = 2, -0.17157 to 0.17157: error 2^-53.56 */
#define C_K1_MIDDLE \
    0x1.8972422bf3f85p+0, -0x1.fe73a0b7af4bcp-2, 0x1.96736ed0ee24fp-2, -0x1.5e83cc48fe8ebp-2, \
    0x1.387a1bc36cf76p-2, -0x1.1cafff7ff7f42p-2, 0x1.0727fae663f92p-2, -0x1.ebb91689a7274p-3, \
    0x1.cf22a0598475fp-3, -0x1.b70b291c5165bp-3, 0x1.a253f75fda325p-3, -0x1.8e6181ec962c8p-3, \
    0x1.7e26dc1e73d12p-3, -0x1.9ae14ebc25c63p-3, 0x1.909a67f93cf89p-3

/* sqrt(x) e^x K1(x) of 4 / x - 1, -1.0 to 1.0: error 2^-55.17 */
#define C_K1_FAR \
    0x1.5cf785b4a0203p+0, 0x1.a7520dfb3f9bcp-4, -0x1.6cd23ac7d50e3p-8, 0x1.81bb3978f1f2bp-11, \
    -0x1.24bdedae50c6ap-13, 0x1.1383aa8d12cedp-15, -0x1.2cb0321d58157p-17, 0x1.6e6b202aaf3ddp-19, \
    -0x1.e6c7c4d9d008ep-21, 0x1.5ae0eb26259bcp-22, -0x1.06289eb55b571p-23, 0x1.9daaa239a054ep-25, \
    -0x1.5233b29a20075p-26, 0x1.3c64b6b76eca0p-27, -0x1.3a9391fc7a145p-28, 0x1.b9ecf44425dcap-31, \
    0x1.d0ce1ed0e34c7p-33, 0x1.74b3c4dd17b47p-30, -0x1.3136206ed4906p-30, -0x1.05174bce18535p-31, \
    0x1.d9f34a37e9b7fp-32, 0x1.a6c927870d838p-33, -0x1.2b4ce4bced8b6p-33

/* (1 + 2k) (1 - I1(k) / I0(k)) - 1 of (k - c) / (k + c), c^2 = 3, -0.26795 to 0.26795: error 2^-55.01 */
#define C_RATIO_1 \
    0x1.236c225f3bfd7p-1, -0x1.78ad1f9604972p-1, -0x1.2701938cc9becp+0, 0x1.c3f2222063a8ep+0, \
    0x1.005e8c0fd0edbp+1, -0x1.8b80347c8a12fp+0, -0x1.e7321ab6bdeacp+1, -0x1.def3fff8a12fdp-1, \
    0x1.f33f345d7a73dp+1, 0x1.1c10c7ec7e566p+2, -0x1.23410832fcc62p-2, -0x1.1fefda1bb23d2p+2, \
    -0x1.a18953714c68bp+1, 0x1.2cc120821e340p+0, 0x1.5bec14af41789p+1, -0x1.a8e2b2bcba74cp-3, \
    -0x1.4f7dd729353d0p+1, 0x1.748d2a19c2bf5p-4, 0x1.2676fe0e11d39p+2, 0x1.642e46842ba3dp+1, \
    -0x1.00b7cc4aee100p+1

/* (1 + 2k) (1 - I1(k) / I0(k)) - 1 of (k - c) / (k + c), c^2 = 27, -0.26795 to 0.26795: error 2^-56.31 */
#define C_RATIO_3 \
    0x1.51d69f133e297p-3, -0x1.94a0a731299adp-2, 0x1.2cf77ff73c719p-1, -0x1.ad7c2f5abbd9bp-1, \
    0x1.5f40d3958f9f1p-1, 0x1.950046280b619p-1, -0x1.ae32094b65dd7p+1, 0x1.d08f065f2f4f0p+1, \
    0x1.5b935faa87c7bp+0, -0x1.8d501f88b9da5p+2, 0x1.37fcffd4592edp+1, 0x1.00f9f1d2e40c0p+2, \
    -0x1.1bd50c4e11c33p+0, -0x1.0fd196e3da3efp+1, -0x1.3caca12c7a87bp+2, 0x1.0ff7a42f6eed3p+2, \
    0x1.0ad0de2b3989fp+3, -0x1.6cb768baa59a5p+2, -0x1.66624ceefcbd0p+2, 0x1.211db675c9170p+1, \
    0x1.42e43d908f56ap+0

/* (1 + 2k) (1 - I1(k) / I0(k)) - 1 of (k - c) / (k + c), c^2 = 243, -0.26795 to 0.26795: error 2^-56.4 */
#define C_RATIO_9 \
    0x1.981001c3d653dp-5, -0x1.a779145b678c1p-4, 0x1.c9c2fe8980e40p-4, -0x1.f437493ff04d8p-4, \
    0x1.14f6ea68d4db6p-3, -0x1.37de517461b79p-3, 0x1.66d786779654ep-3, -0x1.a9131a05fe1ebp-3, \
    0x1.060fb3bb4ac35p-2, -0x1.54924244ed773p-2, 0x1.d4279394631d0p-2, -0x1.4c31d4cf5f714p-1, \
    0x1.c6f42499bfa1ap-1, -0x1.086d0e6c13384p+0, 0x1.743b8783b3e57p-1, 0x1.047e1b73da88bp-1, \
    -0x1.7a74b0fe20879p+1, 0x1.7dfc89121319ep+2, -0x1.7dd5706a0817bp+2, -0x1.0385bfbacfff9p+0, \
    0x1.7d184a014a788p+2

/* The same of 54 / k - 1, -1.0 to 1.0: error 2^-60.05 */
#define C_RATIO_27 \
    0x1.cb6fbcecb5d36p-7, 0x1.cfe0a31d3370dp-7, 0x1.23e9ce72c8280p-13, 0x1.ff5d12050be3bp-19, \
    0x1.447ba29bac589p-23, 0x1.0af8ac71c2c6dp-27, 0x1.0e8f623fba2e1p-31, 0x1.47a62bd44efa7p-35, \
    0x1.d092995fe8035p-39, 0x1.7be3f53e16688p-42, 0x1.6123e6f8989bbp-45, 0x1.772e1755e943ap-48, \
    0x1.f2acf37438718p-51, 0x1.309b60f1f64dcp-53

/* (W(x) + 1) / p of p - 0.35, p^2 = 2 (e x + 1), -0.35 to 0.35: error 2^-54.54 */
#define C_LAMBERT \
    0x1.cc6290a118ed0p-1, -0x1.ff21fca6a5c45p-3, 0x1.7eb50945b1ab1p-4, -0x1.436554be28a40p-5, \
    0x1.23ea6a1a04724p-6, -0x1.12b5ea19255cdp-7, 0x1.0a0e8c7064dcdp-8, -0x1.07273ab705278p-9, \
    0x1.087f6387d7463p-10, -0x1.0d3d515c6d096p-11, 0x1.14e4b82eadc17p-12, -0x1.1f48d80f4b0bdp-13, \
    0x1.2c25b6f1b6e7dp-14, -0x1.381da1010f1adp-15, 0x1.48b6d0840cde9p-16, -0x1.9aed03cb511acp-17, \
    0x1.be373010714d7p-18

/* (W(x) + 1) / p of p + 0.25, W the branch -1, -0.25 to 0.25: error 2^-53.99 */
#define C_LAMBERT_BELOW \
    0x1.182600d53456ep+0, -0x1.b6539b5d4ac88p-2, 0x1.e01425b55c162p-3, -0x1.2d1018c2383e1p-3, \
    0x1.963f4b34a7e28p-4, -0x1.1ee744cd6f76ep-4, 0x1.a21740dcee7d1p-5, -0x1.379e3aed1a005p-5, \
    0x1.d895004439195p-6, -0x1.6b373059555cdp-6, 0x1.1a34bf225bddbp-6, -0x1.ba78269d9fa77p-7, \
    0x1.5db983ac7170bp-7, -0x1.1614c3939a96cp-7, 0x1.b4d3967447843p-8, -0x1.5d1a61946a97bp-8, \
    0x1.5b113b158324bp-8, -0x1.1f3da9f994bd0p-8

#endif
