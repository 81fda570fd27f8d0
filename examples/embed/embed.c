/* Inference inside a C program: a model from a string, data from arrays that the program owns, means and
 * draws back.
 *
 *     cc embed.c $(pkg-config --cflags --libs vm) -o embed && ./embed
 */
#include <stdio.h>
#include <vm.h>

static const char *const MODEL = "axis school\n"
                                 "data y[school] : real\n"
                                 "data sigma[school] : positive\n"
                                 "model {\n"
                                 "  mu  ~ normal(0, 5)\n"
                                 "  tau ~ half_cauchy(5)\n"
                                 "  theta[school] ~ normal(mu, tau)\n"
                                 "  y[school]     ~ normal(theta, sigma)\n"
                                 "}\n";

static int fail(const vm_model *model, vm_status status) {
    fprintf(stderr, "%s\n", vm_status_text(status));
    for (size_t i = 0; i < vm_diagnostic_count(model); i++) fputs(vm_diagnostic_at(model, i)->text, stderr);
    return 1;
}

int main(void) {
    const double y[8] = {28, 8, -3, 7, -1, 1, 18, 12}, sigma[8] = {15, 10, 16, 11, 9, 11, 10, 18};
    const uint32_t schools = 8;
    vm_model *model = NULL;
    vm_fit *fit = NULL;
    vm_status status = vm_compile(NULL, "eight schools", MODEL, &model);
    if (status == VM_ok) status = vm_set_data(model, "y", y, 1, &schools);
    if (status == VM_ok) status = vm_set_data(model, "sigma", sigma, 1, &schools);
    if (status == VM_ok) status = vm_run(model, NULL, NULL, &fit);
    if (status != VM_ok) return fail(model, status);

    const vm_variable *theta = vm_variable_at(fit, "theta"), *tau = vm_variable_at(fit, "tau");
    for (size_t i = 0; i < theta->size; i++)
        printf("theta[%zu]  mean %6.2f  sd %5.2f\n", i + 1, theta->mean[i], theta->sd[i]);
    size_t above = 0;
    for (size_t d = 0; d < tau->draw_count; d++) above += tau->draws[d * tau->draw_stride] > 5;
    printf("P(tau > 5) = %.2f\n", (double)above / (double)tau->draw_count);
    printf("verdict: %s\n", (const char *[]){"good", "doubtful", "bad"}[vm_fit_verdict(fit)]);
    vm_free(model);
    return 0;
}
