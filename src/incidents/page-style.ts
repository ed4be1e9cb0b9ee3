// The looks of the status page: one style sheet inside the page, light and dark, narrow and wide. No script, no font and no
// image from anywhere.

export const PAGE_STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#14181f;--soft:#5b6472;--line:#e1e5ea;--none:#d5dae1;
--operational:#167c43;--degraded:#8f6900;--partial:#b35309;--major:#c62f2f;--maintenance:#2f6fc6;--on:#fff}
@media (prefers-color-scheme:dark){:root{--bg:#0f1216;--card:#171b21;--ink:#e9edf2;--soft:#9aa5b3;--line:#2a3039;--none:#39414c;
--operational:#2fb36b;--degraded:#e0b436;--partial:#ee8c3a;--major:#ef5f5f;--maintenance:#6aa3f0;--on:#0f1216}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main,header,footer{max-width:54rem;margin:0 auto;padding:0 1rem}
header{padding-top:2rem}
h1{font-size:1.15rem;font-weight:600;margin:0 0 1rem;color:var(--soft)}
h2{font-size:1.1rem;margin:2.2rem 0 .8rem}
h3{font-size:1rem;margin:0}
a{color:inherit}
.headline{border-radius:.6rem;padding:1rem 1.2rem;color:var(--on);font-size:1.25rem;font-weight:600;background:var(--operational)}
.headline.minor{background:var(--degraded)}.headline.major{background:var(--partial)}
.headline.critical{background:var(--major)}.headline.maintenance{background:var(--maintenance)}
.headline small{display:block;font-weight:400;font-size:.85rem;opacity:.92}
.card{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.2rem;margin:0 0 .8rem}
.row{display:flex;gap:.8rem;justify-content:space-between;align-items:baseline;flex-wrap:wrap}
.name{font-weight:600;overflow-wrap:anywhere}
.state{font-size:.9rem;white-space:nowrap}
.state::before{content:"";display:inline-block;width:.6rem;height:.6rem;border-radius:50%;margin-right:.4rem;background:currentColor}
.operational{color:var(--operational)}.degraded_performance{color:var(--degraded)}.partial_outage{color:var(--partial)}
.major_outage{color:var(--major)}.under_maintenance{color:var(--maintenance)}
.days{display:flex;gap:2px;height:2rem;margin:.6rem 0 .3rem}
.days i{flex:1 1 0;min-width:1px;border-radius:2px;background:var(--none)}
.days .o{background:var(--operational)}.days .d{background:var(--degraded)}.days .p{background:var(--partial)}
.days .m{background:var(--major)}.days .t{background:var(--maintenance)}
.ends{display:flex;justify-content:space-between;color:var(--soft);font-size:.8rem}
.soft{color:var(--soft);font-size:.9rem}
.minor-mark{color:var(--degraded)}.major-mark{color:var(--partial)}.critical-mark{color:var(--major)}.none-mark{color:var(--soft)}
ol{list-style:none;margin:.8rem 0 0;padding:0}
li{border-left:2px solid var(--line);padding:0 0 .7rem .9rem}
li p{margin:.1rem 0;overflow-wrap:anywhere;white-space:pre-line}
footer{color:var(--soft);font-size:.85rem;padding-top:1.5rem;padding-bottom:2.5rem}
@media (max-width:40rem){.days i:nth-child(-n+45){display:none}.wide{display:none}}
@media (min-width:40.01rem){.narrow{display:none}}
`;
