// A key of RSA for these tests: to make one takes long where others want the processor.
export const rsa = {
  kty: "RSA",
  n: [
    "vorZaYidAxymUNF0KMXxM_0wPM2B3uoJQY_XcRAF5NK9y7lPPjCquX_7KDkS3NRqydPYNNHhEfUTfzpaGbr4TxTqExyC_NsbTcpF9assJTD8BEGBGVi8n58n",
    "M_Z-hAn-_VxK_rmx78ll7-RXLLymmOYVWLahDz7WUUN6HZjTph9IstVxgp-shuXEBk4Q5emHzus2L5-KN63Y8-FbUZ7Sntnss2cKe3Cp-IF3OTwTd2vdwYBL",
    "_l5iY3QXk413J7YduE8mIuDZhhTimuWz4MVfz1FSpYNjM6ZnXKbngXfjwKGE9lbDXpIjvokSLqJRfYL96S8JaN0iQ9d9_1X3hqFcVw",
  ].join(""),
  e: "AQAB",
  d: [
    "FwmLRG2GVkmmI3VU2a0nqYUoyjZ_8jynm9amp1PW8pXhk_phW1U0_wfl4jTBqWjBSd-kGgFveJAB_crx-SnC5doofDZhRphofQeXXR7cpS5-pIvAQ8PtIlDI",
    "GPSU0qVcFV6NmVidloPqIDlM_5VbgHb-XmMjpp05T5_x6WwrLWq7C1yxLRIIWhKcMojxyQGpH9z9IGDaIZGGJQjOPNuH8zDAv5Vkff9qsF_tVeRymn-P37aA",
    "8vKQMg0Sr1PuVnfi8Mcv1JpdGua_K7jP_3Gd1F0dPBG8Wc1PwDSZcwYtAasYOOnSGlSm4jMC7I6tr9tH0k5McdatCSwHFwg-Hp4sUQ",
  ].join(""),
  p: "-qt0ooeAgZC4zPTWRWbgJkN051EvJYNIC_hTyQTam6lYIkzCGmZOFFHUpQjhJ5BofzETfU5HKzDUsuHg6Z0lhDDYyX8cNm_f2-AC0_CZxSdsXVPYE46Yi8xkcxMp6TZiM3LlUogGp5xlE4un4cN37Ay0A-g_fPM-PWrF-u0oEy8",
  q: "wpgVrKUZgA7nSfozj20MTlu3tgy3SGZaHUhwAup1uPn8ZEkAlUtiNa5CJgNeFRujU49IM8bRtIMw18ukCMjQzfnv7dRBrfSOtjPhmi0jQn96gTU6ZBFXQUZZNgM_QYE65U1QiibvjujGeBCn-lKdXz3-aqI2Z0FsJvf8XYSgH1k",
  dp: "m2OBz-bToH3IMTVtRmR5ev7CD0riQQzasqDjv28E3Q3jFpAimx7kM_BuM0gH2vDH9mDDxh-qOnnwwFsJg4fo48Mr_-yN3qkHSlPZLOyvReokYM5C2gzBP5gahMNSbcFKqr4Erl6oUWq_tZgTH_597pQJW4qzII_g-02fIOe2uf0",
  dq: "gTGl2jy25G2Ao33o84Vr0S5Vlxl0Ki5CEAUC0PzG8euO5SoOqBAngQpTwpcjxJHX6udLAY0zt0wOhocePfLNpqMU52qvvIWMpm1lkA39xe2K8PPc84kLzDufiRu4yI27A3hES6S0EcZ71kUAsVJeR1iKbFOMGRu3aVvlglVGVek",
  qi: "S-8QssbLRZssDcGTQS6v9pB5yWN-KHcQf1A6AqyyIiN1bxKPw05eBHic1Zh9atxTHLlNnIZDSc9Tk_yCzpmW92q8gxharU_bJbs1r4Zq9MFicCK3-rVnb5N2GTtlbpRxfCY9IqoBXw1h45ZBoiZ7sx8yrq99JnYdTgx3kfNq2-A",
};
